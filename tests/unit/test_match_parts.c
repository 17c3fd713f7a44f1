/*
 * Names inside a name, and what is written beside one when it fails.  The
 * names are made up; the wording is that of courts and registries.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mfold.h"
#include "mparts.h"

static const char *
parts(const char *name)
{
	static char out[512];
	struct str part[MPARTS_MAX];
	unsigned n = mparts(str_of(name), part);
	size_t at = 0;

	out[0] = 0;
	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%.*s",
				       i == 0 ? "" : "|", STR_ARG(part[i]));
	return out;
}

Test(match_parts, names_joined_by_courts_and_registries)
{
	cr_assert_str_eq(parts("Graustark Foods, Inc. f/k/a Ruritania Foods"),
			 "Graustark Foods, Inc.|Ruritania Foods");
	cr_assert_str_eq(parts("Zenda Steel Ltd (formerly known as Strelsau "
			       "Iron Ltd) and others"),
			 "Zenda Steel Ltd|Strelsau Iron Ltd");
	cr_assert_str_eq(parts("JOHN RASSENDYLL T/A ZENDA JOINERY"),
			 "JOHN RASSENDYLL|ZENDA JOINERY");
	cr_assert_str_eq(parts("Black Corp. DBA Michael's, d/b/a Hentzau"),
			 "Black Corp.|Michael's|Hentzau");
	cr_assert_str_eq(parts("Elphberg GmbH, vormals Tarlenheim GmbH"),
			 "Elphberg GmbH|Tarlenheim GmbH");
	cr_assert_str_eq(parts("红狮贸易有限公司（曾用名：白马商行）"),
			 "红狮贸易有限公司|白马商行");
}

Test(match_parts, one_name)
{
	cr_assert_str_eq(parts("DBA Group SpA"), "");
	cr_assert_str_eq(parts("Akasaka Trading"), "");
	cr_assert_str_eq(parts("Zenda T/A"), "");
	cr_assert_str_eq(parts("formerly Zenda"), "");
	cr_assert_str_eq(parts("Pasta Giardino"), "");
	cr_assert_str_eq(parts(""), "");
}

Test(match_parts, limit)
{
	cr_assert_str_eq(parts("A Co dba B Co dba C Co dba D Co"),
			 "A Co|B Co|C Co|D Co");
	/* MPARTS_MAX + 1: the last holds the rest. */
	cr_assert_eq(MPARTS_MAX, 4);
	cr_assert_str_eq(parts("A Co dba B Co dba C Co dba D Co dba E Co"),
			 "A Co|B Co|C Co|D Co dba E Co");
}

/* A name of so many bytes, " dba B Co" the last of them. */
static unsigned
parts_at(size_t bytes)
{
	static char name[MFOLD_BYTES_MAX + 16];
	struct str part[MPARTS_MAX];

	memset(name, 'z', sizeof(name));
	memcpy(name + bytes - 9, " dba B Co", 9);
	return mparts((struct str){ name, bytes }, part);
}

Test(match_parts, no_more_is_read_than_is_folded)
{
	size_t n = 10u << 20;
	char *hostile = malloc(n);
	struct str part[MPARTS_MAX];

	cr_assert_eq(parts_at(MFOLD_BYTES_MAX), 2);
	cr_assert_eq(parts_at(MFOLD_BYTES_MAX + 5), 0);
	/* Looked for to the end from each of two million, this took hours. */
	cr_assert_not_null(hostile);
	for (size_t i = 0; i < n; i++)
		hostile[i] = " (aka"[i % 5];
	(void)mparts((struct str){ hostile, n }, part);
	free(hostile);
}

/* Tokens of the core, and what was taken for words of an insolvency. */
static void
check(const char *name, const char *core, const char *status)
{
	struct mname m;
	char out[512] = "";
	size_t at = 0;

	mtab_get();
	mfold_name(str_of(name), MV_MAIN, &m);
	for (unsigned i = 0; i < m.n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%.*s",
				       i == 0 ? "" : " ",
				       STR_ARG(mfold_text(&m, &m.tok[i])));
	cr_assert_str_eq(out, core, "%s: %s", name, out);
	cr_assert(str_eq(str_sub(m.raw, m.status, m.status_n),
			 str_of(status)),
		  "%s: status '%.*s'", name, m.status_n, name + m.status);
}

Test(match_parts, words_of_insolvency_are_no_name)
{
	check("Zenda plc (in compulsory liquidation)", "zenda",
	      "in compulsory liquidation");
	check("Zenda Ltd (in administration) (subject to a deed of company "
	      "arrangement)",
	      "zenda", "subject to a deed of company arrangement");
	check("Zenda S.A. - Em Recuperação Judicial", "zenda",
	      "Em Recuperação Judicial");
	check("MASSA FALIDA DE ZENDA LTDA", "zenda", "MASSA FALIDA DE");
	check("Zenda, S.L. en liquidación", "zenda", "en liquidación");
	check("Zenda GmbH i.L.", "zenda", "");
	check("Zenda GmbH in Insolvenz", "zenda", "in Insolvenz");
	check("ZENDA SRL IN LIQUIDAZIONE", "zenda", "IN LIQUIDAZIONE");
	check("Tasfiye Halinde Zenda Ltd. Şti.", "zenda", "Tasfiye Halinde");
	/* Letters run on into the next one: "z o.o. w" is "zoow". */
	check("Zenda Sp. z o.o. w upadłości", "zenda", "");
	check("Zenda s.r.o. v likvidaci", "zenda", "");
	check("Zenda d.o.o. - u stečaju", "zenda", "");
	check("Zenda SPÓŁKA AKCYJNA W RESTRUKTURYZACJI", "zenda",
	      "W RESTRUKTURYZACJI");
	check("ООО «Зенда» в стадии ликвидации", "zenda",
	      "в стадии ликвидации");
	check("ООО «Зенда» в процедуре банкротства", "zenda",
	      "в процедуре банкротства");
	check("破産者株式会社ゼンダ", "zenda", "破産者");
	check("ゼンダ有限公司破产清算", "zenda", "破产清算");
	check("شركة زندا (تحت التصفية)", "znda", "تحت التصفية");
	check("Zenda A/S under konkurs", "zenda", "under konkurs");
}

Test(match_parts, words_of_insolvency_inside_a_name_stay)
{
	check("Liquidation World", "liquidation world", "");
	check("In Administration Software", "administration software", "");
	check("Konkurs Verlag", "konkurs verlag", "");
	check("In Liquidation", "in liquidation", "");
}

/* Written again here: most words are told apart by their first two bytes. */
Test(match_parts, every_wording_joins_in_either_case)
{
	static const char *const joint[] = {
		"a/k/a", "a.k.a.", "aka", "also known as", "anciennement",
		"d/b/a", "d.b.a.", "dba", "doing business as", "dawniej",
		"ehemals", "f/k/a", "f.k.a.", "fka", "formerly known as",
		"formerly", "früher", "già", "n/k/a", "now known as",
		"previously known as", "previously", "t/a", "trading as",
		"trading under the name", "vormals",
	};
	char name[96], upper[96];

	for (size_t i = 0; i < sizeof(joint) / sizeof(joint[0]); i++) {
		size_t n = (size_t)snprintf(name, sizeof(name), "Zenda %s Hentzau",
					    joint[i]);

		cr_assert_str_eq(parts(name), "Zenda|Hentzau", "%s", joint[i]);
		for (size_t k = 0; k <= n; k++)
			upper[k] = name[k] >= 'a' && name[k] <= 'z' ?
					   (char)(name[k] - 32) :
					   name[k];
		cr_assert_str_eq(parts(upper), "ZENDA|HENTZAU", "%s", joint[i]);
	}
}
