/*
 * fit.c - fits the forest of alerts/match/mmodel.c by gradient boosting.
 *
 *   fit TRAIN.tsv MODEL.c OUT_OF_FOLD.tsv [TREES [RATE [NAME]]]
 *
 * TRAIN is what tests/bench/label.py writes; a label may carry a weight
 * ("1*6").  The model is fitted on all
 * rows; OUT_OF_FOLD gets, for every row, the log-odds of a model fitted
 * without its fold: what may be believed about unseen data.  Deterministic.
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

struct row {
	int label, fold;
	float weight;
	char q[24], id[64];
	float f[MF_COUNT];
	uint8_t bin[MF_COUNT];
};

static struct row *row;
static size_t rows;
static float edge[MF_COUNT][BINS];
static float *score, *grad, *hess;
static uint8_t *node;

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
		for (int i = 0; i < MF_COUNT; i++)
			r->f[i] = strtof(strtok_r(NULL, "\t\n", &save), NULL);
	}
	fclose(f);
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

/* The best split of one node, by its histograms. */
static void
best_split(double hist[MF_COUNT][BINS][2], int *feature, int *bin)
{
	double best = 1e-3;

	*feature = 0;
	*bin = BINS;
	for (int i = 0; i < MF_COUNT; i++) {
		double g = 0, h = 0, lg = 0, lh = 0;

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
			if (v > best) {
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
	double sum[1u << MSCORE_DEPTH][2];

	memset(node, 0, rows);
	memset(t, 0, sizeof(*t));
	for (unsigned d = 0; d < MSCORE_DEPTH; d++) {
		unsigned first = (1u << d) - 1, n = 1u << d;
		int bin[1u << (MSCORE_DEPTH - 1)];

		memset(hist, 0, sizeof(hist[0]) * n);
		for (size_t r = 0; r < rows; r++) {
			if (row[r].fold == skip)
				continue;
			for (int i = 0; i < MF_COUNT; i++) {
				double *h = hist[node[r]][i][row[r].bin[i]];

				h[0] += (double)grad[r];
				h[1] += (double)hess[r];
			}
		}
		for (unsigned k = 0; k < n; k++) {
			int feature;

			best_split(hist[k], &feature, &bin[k]);
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
		if (row[r].fold != skip) {
			sum[node[r]][0] += (double)grad[r];
			sum[node[r]][1] += (double)hess[r];
		}
	for (unsigned k = 0; k < 1u << MSCORE_DEPTH; k++)
		t->leaf[k] = (float)(rate * sum[k][0] /
				     (sum[k][1] + LAMBDA));
}

/* Fits without fold skip (-1: on everything); scores every row. */
static void
boost(struct mtree *tree, int trees, double rate, int skip, float bias)
{
	for (size_t r = 0; r < rows; r++)
		score[r] = bias;
	for (int t = 0; t < trees; t++) {
		for (size_t r = 0; r < rows; r++) {
			float p = 1 / (1 + expf(-score[r]));

			grad[r] = row[r].weight * ((float)row[r].label - p);
			hess[r] = row[r].weight * p * (1 - p);
		}
		grow(&tree[t], skip, rate);
		for (size_t r = 0; r < rows; r++)
			score[r] += tree[t].leaf[node[r]];
	}
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
			fprintf(f, "%s%u,", i == 0 ? "\n" : "",
				tree[t].feature[i]);
		fprintf(f, " },\n.at = {");
		for (unsigned i = 0; i < MSCORE_NODES; i++)
			if (isinf(tree[t].at[i]))
				fprintf(f, "%sINFINITY,",
					i == 0 ? "\n" : "");
			else
				fprintf(f, "%s%.8ef,", i == 0 ? "\n" : "",
					(double)tree[t].at[i]);
		fprintf(f, " },\n.leaf = {");
		for (unsigned i = 0; i < 1u << MSCORE_DEPTH; i++)
			fprintf(f, "%s%.5ef,", i == 0 ? "\n" : "",
				(double)tree[t].leaf[i]);
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

	if (argc < 4 || tree == NULL ||
	    (argc > 4 &&
	     str_to_u64(str_of(argv[4]), TREES_MAX, &trees) != ERR_OK) ||
	    (argc > 5 &&
	     str_to_u64(str_of(argv[5]), 1000, &permille) != ERR_OK))
		return 2;
	read_rows(argv[1]);
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
	f = fopen(argv[3], "w");
	for (size_t r = 0; r < rows; r++) {
		double p = 1 / (1 + exp(-(double)out[r]));

		loss -= log(row[r].label ? p + 1e-9 : 1 - p + 1e-9);
		fprintf(f, "%s\t%s\t%.5f\n", row[r].q, row[r].id,
			(double)out[r]);
	}
	fclose(f);
	boost(tree, (int)trees, (double)permille / 1000, -1, bias);
	write_model(argv[2], argc > 6 ? argv[6] : "mmodel", tree,
		    (int)trees, bias);
	printf("%zu rows, %zu right, out of fold loss %.5f\n", rows, good,
	       loss / (double)rows);
	return 0;
}
