/*
 * fit.c - fits the forests of alerts/match by gradient boosting.
 *
 *   fit list|pair TRAIN.tsv MODEL.c OUT_OF_FOLD.tsv [TREES [RATE [NAME]]]
 *
 * TRAIN is what tests/bench/label.py writes; a label may carry a weight
 * ("1*6").  The model is fitted on all rows; OUT_OF_FOLD gets, for every row,
 * the log-odds by a model fitted without its fold: what may be believed about
 * unseen data.  Deterministic.
 *
 * pair: each row by itself, and what speaks for a pair may not lower its
 * score (mmodel_small).  list: the rows of a query together, of which one
 * company or nobody is meant (mmodel, see mevidence.c); a row's log-odds are
 * those of its share.  Each tree sees some of the features and of the queries.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mscore.h"
#include "str.h"

#define BINS 64
#define FOLDS 5
#define TREES_MAX 1000
#define LEAF_MIN 40.0
#define LAMBDA 8.0
#define ROWS_MAX 2000000
#define SEEN 0.7f /* share of the queries that a tree is fitted on */
#define FEATURES 0.5f
#define PAIR_FEATURES 0.7f
#define HESS_MIN 1e-4f

struct row {
	int label, fold;
	bool conflict; /* of legal forms */
	bool seen;
	float weight;
	size_t end; /* of the query's rows, at its first one */
	char q[24], id[64], core[16];
	float f[MF_COUNT];
	uint8_t bin[MF_COUNT];
};

static struct row *row;
static size_t rows;
static float edge[MF_COUNT][BINS];
static float *score, *grad, *hess;
static uint8_t *node;
static bool whole_lists;
static bool has[MF_COUNT]; /* may the tree use it */
static uint64_t chance = 1;

/* Which way a pair's score may go when the feature grows; 0: either. */
static const signed char way[MF_COUNT] = {
	[MF_QCOV] = 1,	      [MF_BCOV] = 1,	  [MF_WORST] = 1,
	[MF_GLUE] = 1,	      [MF_BASE] = 1,	  [MF_QLET] = 1,
	[MF_BLET] = 1,	      [MF_FIRST] = 1,	  [MF_LAST] = 1,
	[MF_QHEAD] = 1,	      [MF_BHEAD] = 1,	  [MF_QREST_MAX] = -1,
	[MF_BREST_MAX] = -1,  [MF_QPLACE] = -1,	  [MF_BPLACE] = -1,
	[MF_QWORD] = -1,      [MF_BWORD] = -1,	  [MF_QGEN] = -1,
	[MF_BGEN] = -1,	      [MF_EDITED] = -1,	  [MF_LETTERS] = -1,
	[MF_QLEFT] = -1,      [MF_BLEFT] = -1,	  [MF_BOTHLEFT] = -1,
	[MF_LETTER_SHARE] = -1, [MF_CLASH] = -1,
};

/* What tells one made-up or real book from another, not two names. */
static const bool of_book[MF_COUNT] = {
	[MF_FOUND] = true, [MF_GAP] = true,   [MF_TIES] = true,
	[MF_BOOK] = true,  [MF_SAMES] = true, [MF_KNOWN] = true,
};

/* Between these the leaves under a node must be. */
struct bounds {
	double low, high;
};

/* A number from 0 to 1, the same ones in every run. */
static float
draw(void)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (float)(chance >> 40) / (float)(1u << 24);
}

static void
read_rows(const char *path)
{
	static char line[1 << 16];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		exit(74);
	row = calloc(ROWS_MAX, sizeof(*row));
	while (rows < ROWS_MAX && fgets(line, sizeof(line), f) != NULL) {
		struct row *r = &row[rows++];
		char *save = NULL, *p = strtok_r(line, "\t\n", &save);

		r->label = p[0] == '1';
		r->weight = p[1] == '*' ? strtof(p + 2, NULL) : 1;
		r->fold = strtok_r(NULL, "\t\n", &save)[0] - '0';
		snprintf(r->q, sizeof(r->q), "%s",
			 strtok_r(NULL, "\t\n", &save));
		snprintf(r->id, sizeof(r->id), "%s",
			 strtok_r(NULL, "\t\n", &save));
		snprintf(r->core, sizeof(r->core), "%s",
			 strtok_r(NULL, "\t\n", &save));
		for (int i = 0; i < MF_COUNT; i++)
			r->f[i] = strtof(strtok_r(NULL, "\t\n", &save), NULL);
		/* Books of nearly one size are of one. */
		r->f[MF_BOOK] = roundf(2 * r->f[MF_BOOK]) / 2;
		r->conflict = r->f[MF_LEGAL] == (float)LR_CONFLICT;
	}
	fclose(f);
	for (size_t i = 0, k; i < rows; i = k) {
		for (k = i; k < rows && strcmp(row[k].q, row[i].q) == 0; k++)
			;
		row[i].end = k;
	}
}

static int
by_float(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

/*
 * Between the value at i and the next larger one: an edge at the value itself
 * would put a book of one more name among those ten times as large.
 */
static float
between(const float *v, size_t i)
{
	size_t next = i;

	while (next < rows && v[next] <= v[i])
		next++;
	return next == rows ? v[i] : v[i] + (v[next] - v[i]) / 2;
}

static void
make_bins(void)
{
	float *v = malloc(rows * sizeof(*v));

	for (int i = 0; i < MF_COUNT; i++) {
		for (size_t r = 0; r < rows; r++)
			v[r] = row[r].f[i];
		qsort(v, rows, sizeof(*v), by_float);
		for (int b = 0; b < BINS; b++)
			edge[i][b] = between(
			    v, (rows - 1) * (size_t)(b + 1) / BINS);
		for (size_t r = 0; r < rows; r++) {
			int b = 0;

			while (b < BINS - 1 && row[r].f[i] > edge[i][b])
				b++;
			row[r].bin[i] = (uint8_t)b;
		}
	}
	free(v);
}

static double
gain(double g, double h)
{
	return g * g / (h + LAMBDA);
}

static double
value(double g, double h, struct bounds to)
{
	return fmax(to.low, fmin(to.high, g / (h + LAMBDA)));
}

/* May a split with these sums on its sides be made? */
static bool
goes_the_way(int feature, const double *left, const double *right,
	     struct bounds to)
{
	double x = value(left[0], left[1], to);
	double y = value(right[0], right[1], to);

	return whole_lists || way[feature] == 0 || (y - x) * way[feature] >= 0;
}

/* Neither side of a split that was made may cross the middle later. */
static void
bound_sides(int feature, double hist[BINS][2], int bin, struct bounds to,
	    struct bounds side[2])
{
	double sum[2][2] = { { 0 } }, middle;

	side[0] = to;
	side[1] = to;
	if (bin == BINS || whole_lists || way[feature] == 0)
		return;
	for (int b = 0; b < BINS; b++) {
		sum[b > bin][0] += hist[b][0];
		sum[b > bin][1] += hist[b][1];
	}
	middle = (value(sum[0][0], sum[0][1], to) +
		  value(sum[1][0], sum[1][1], to)) / 2;
	if (way[feature] > 0)
		side[0].high = side[1].low = middle;
	else
		side[0].low = side[1].high = middle;
}

/* The best split of one node, by its histograms. */
static void
best_split(double hist[MF_COUNT][BINS][2], struct bounds to, int *feature,
	   int *bin)
{
	double best = 1e-3;

	*feature = 0;
	*bin = BINS;
	for (int i = 0; i < MF_COUNT; i++) {
		double g = 0, h = 0, lg = 0, lh = 0;

		if (!has[i])
			continue;
		for (int b = 0; b < BINS; b++) {
			g += hist[i][b][0];
			h += hist[i][b][1];
		}
		for (int b = 0; b < BINS - 1; b++) {
			double v;

			lg += hist[i][b][0];
			lh += hist[i][b][1];
			if (lh < LEAF_MIN / 4 || h - lh < LEAF_MIN / 4)
				continue;
			v = gain(lg, lh) + gain(g - lg, h - lh) - gain(g, h);
			if (v > best &&
			    goes_the_way(i, (double[]){ lg, lh },
					 (double[]){ g - lg, h - lh }, to)) {
				best = v;
				*feature = i;
				*bin = b;
			}
		}
	}
}

static void
grow(struct mtree *t, int skip, double rate)
{
	static double hist[1u << (MSCORE_DEPTH - 1)][MF_COUNT][BINS][2];
	struct bounds to[2][1u << MSCORE_DEPTH] = { { { -INFINITY,
							INFINITY } } };
	double sum[1u << MSCORE_DEPTH][2];

	memset(node, 0, rows);
	memset(t, 0, sizeof(*t));
	for (unsigned d = 0; d < MSCORE_DEPTH; d++) {
		unsigned first = (1u << d) - 1, n = 1u << d;
		int bin[1u << (MSCORE_DEPTH - 1)];

		memset(hist, 0, sizeof(hist[0]) * n);
		for (size_t r = 0; r < rows; r++) {
			if (row[r].fold == skip || !row[r].seen)
				continue;
			for (int i = 0; i < MF_COUNT; i++) {
				double *h;

				if (!has[i])
					continue;
				h = hist[node[r]][i][row[r].bin[i]];
				h[0] += (double)grad[r];
				h[1] += (double)hess[r];
			}
		}
		for (unsigned k = 0; k < n; k++) {
			int feature;

			best_split(hist[k], to[d & 1][k], &feature, &bin[k]);
			bound_sides(feature, hist[k][feature], bin[k],
				    to[d & 1][k], &to[~d & 1][2 * k]);
			t->feature[first + k] = (uint8_t)feature;
			t->at[first + k] = bin[k] == BINS ?
					       INFINITY :
					       edge[feature][bin[k]];
		}
		for (size_t r = 0; r < rows; r++) {
			unsigned k = node[r];

			node[r] = (uint8_t)(2 * k +
					    (row[r].f[t->feature[first + k]] >
					     t->at[first + k]));
		}
	}
	memset(sum, 0, sizeof(sum));
	for (size_t r = 0; r < rows; r++)
		if (row[r].fold != skip && row[r].seen) {
			sum[node[r]][0] += (double)grad[r];
			sum[node[r]][1] += (double)hess[r];
		}
	for (unsigned k = 0; k < 1u << MSCORE_DEPTH; k++)
		t->leaf[k] = (float)(rate *
				     value(sum[k][0], sum[k][1],
					   to[MSCORE_DEPTH & 1][k]));
}

static void
pair_gradients(void)
{
	for (size_t r = 0; r < rows; r++) {
		float p = 1 / (1 + expf(-score[r]));

		grad[r] = row[r].weight * ((float)row[r].label - p);
		hess[r] = row[r].weight * p * (1 - p);
	}
}

/* Of a query's rows those of the right company share the blame. */
static void
list_gradients(void)
{
	for (size_t i = 0; i < rows; i = row[i].end) {
		float all = 1, right = 0;

		for (size_t r = i; r < row[i].end; r++) {
			float e = expf(score[r]);

			all += e;
			right += row[r].label ? e : 0;
		}
		for (size_t r = i; r < row[i].end; r++) {
			float e = expf(score[r]), p = e / all;
			float due = row[r].label ? e / right : 0;
			float h = p * (1 - p);

			grad[r] = row[r].weight * (due - p);
			hess[r] = row[r].weight *
				  (h > HESS_MIN ? h : HESS_MIN);
		}
	}
}

/* What the next tree is fitted on. */
static void
choose(void)
{
	bool seen = true;

	for (int i = 0; i < MF_COUNT; i++)
		has[i] = whole_lists ? i < MF_SMALL && draw() < FEATURES :
				       !of_book[i] && draw() < PAIR_FEATURES;
	for (size_t i = 0; i < rows; i = row[i].end) {
		seen = !whole_lists || draw() < SEEN;
		for (size_t r = i; r < row[i].end; r++)
			row[r].seen = seen;
	}
}

/* Fits without fold skip (-1: on everything); scores every row. */
static void
boost(struct mtree *tree, int trees, double rate, int skip, float bias)
{
	chance = 1;
	for (size_t r = 0; r < rows; r++)
		score[r] = bias;
	for (int t = 0; t < trees; t++) {
		choose();
		if (whole_lists)
			list_gradients();
		else
			pair_gradients();
		grow(&tree[t], skip, rate);
		for (size_t r = 0; r < rows; r++)
			score[r] += tree[t].leaf[node[r]];
	}
}

/* The log-odds of a row's share of its list, as mevidence.c has it. */
static double
share_logit(const float *s, size_t first, size_t at)
{
	double rest = 1;

	if (!whole_lists)
		return (double)s[at];

	for (size_t r = first; r < row[first].end; r++)
		if (r != at &&
		    (strcmp(row[r].core, row[at].core) != 0 ||
		     row[r].conflict || row[at].conflict))
			rest += exp((double)mscore_stated(s[r], row[r].f));
	return (double)mscore_stated(s[at], row[at].f) - log(rest);
}

static void
write_model(const char *path, const char *name, const struct mtree *tree,
	    int trees, float bias)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		exit(74);
	fprintf(f, "/*\n * %s.c - generated by tests/bench/fit.c; do not "
		   "edit.\n */\n#include \"mscore.h\"\n\n"
		   "#include <math.h>\n\n/* clang-format off */\n"
		   "static const struct mtree tree[] = {\n",
		name);
	for (int t = 0; t < trees; t++) {
		fprintf(f, "{ .feature = {");
		for (unsigned i = 0; i < MSCORE_NODES; i++)
			fprintf(f, "%u,", tree[t].feature[i]);
		fprintf(f, " },\n.at = {");
		for (unsigned i = 0; i < MSCORE_NODES; i++)
			if (isinf(tree[t].at[i]))
				fprintf(f, "INFINITY,");
			else
				fprintf(f, "%.8ef,", (double)tree[t].at[i]);
		fprintf(f, " },\n.leaf = {");
		for (unsigned i = 0; i < 1u << MSCORE_DEPTH; i++)
			fprintf(f, "%.5ef,", (double)tree[t].leaf[i]);
		fprintf(f, " } },\n");
	}
	fprintf(f, "};\n/* clang-format on */\n\n"
		   "const struct mforest %s = { tree, %d, %.6ef };\n",
		name, trees, (double)bias);
	fclose(f);
}

int
main(int argc, char **argv)
{
	uint64_t trees = 150;
	uint64_t permille = 100; /* the learning rate */
	struct mtree *tree = calloc(TREES_MAX, sizeof(*tree));
	float *out;
	double loss = 0;
	size_t good = 0;
	float bias;
	FILE *f;

	if (argc < 5 || tree == NULL ||
	    (argc > 5 &&
	     str_to_u64(str_of(argv[5]), TREES_MAX, &trees) != ERR_OK) ||
	    (argc > 6 &&
	     str_to_u64(str_of(argv[6]), 1000, &permille) != ERR_OK))
		return 2;
	whole_lists = strcmp(argv[1], "list") == 0;
	read_rows(argv[2]);
	make_bins();
	score = malloc(rows * sizeof(float));
	grad = malloc(rows * sizeof(float));
	hess = malloc(rows * sizeof(float));
	out = malloc(rows * sizeof(float));
	node = malloc(rows);
	for (size_t r = 0; r < rows; r++)
		good += (size_t)row[r].label;
	bias = logf((float)good / (float)(rows - good));
	for (int k = 0; k < FOLDS; k++) {
		boost(tree, (int)trees, (double)permille / 1000, k, bias);
		for (size_t r = 0; r < rows; r++)
			if (row[r].fold == k)
				out[r] = score[r];
	}
	f = fopen(argv[4], "w");
	for (size_t r = 0, first = 0; r < rows; r++) {
		double l, p;

		first = row[first].end == r ? r : first;
		l = share_logit(out, first, r);
		p = 1 / (1 + exp(-l));
		loss -= log(row[r].label ? p + 1e-9 : 1 - p + 1e-9);
		fprintf(f, "%s\t%s\t%.5f\n", row[r].q, row[r].id, l);
	}
	fclose(f);
	boost(tree, (int)trees, (double)permille / 1000, -1, bias);
	write_model(argv[3], argc > 7 ? argv[7] : "mmodel", tree,
		    (int)trees, bias);
	printf("%zu rows, %zu right, out of fold loss %.5f\n", rows, good,
	       loss / (double)rows);
	return 0;
}
