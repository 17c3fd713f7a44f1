#!/usr/bin/python3
"""Queries for a book of namegen: each with the country its company was given.

  plant.py QUERIES.tsv > queries.jsonl           with country
  plant.py --recall ANSWERS.jsonl QUERIES.tsv BOOK.tsv    recall@1 per set

A query that is nobody's gets a country of the mix by its number.
"""
import collections
import json
import re
import struct
import sys

MIX = '''US 1470 HK 810 VN 470 JP 440 KR 420 IN 350 RU 330 DE 300 MY 280
NL 260 MX 250 TH 240 GB 225 SG 220 ID 220 BR 210 AU 210 TW 210 AE 190 PH 150
SA 140 CA 130 IT 130 ES 120 FR 120 TR 110 PL 110 KZ 80 BE 90 ZA 70 BD 70 CL 60
NG 60 EG 50 PK 55 IQ 45 CZ 50 UZ 40 PE 40 CO 40 IL 40 KH 40 IR 30 UA 25 KE 25
AR 35 GR 40 SE 30 DK 25 HU 35 RO 25 AT 15 CH 20 FI 10 NO 15 PT 15 DZ 30 MA 20
LK 15 MM 30'''.split()
MIX = list(zip(MIX[::2], map(int, MIX[1::2])))
ALL = sum(s for _, s in MIX)


def country(cluster):
    h = 14695981039346656037
    for b in struct.pack('<q', cluster):
        h = ((h ^ b) * 1099511628211) & (1 << 64) - 1
    h ^= h >> 29
    r = (h >> 8) % ALL
    for code, share in MIX:
        if r < share:
            return code
        r -= share


def rows(path):
    with open(path, encoding='utf-8') as f:
        for line in f:
            yield line.rstrip('\n').split('\t')


def recall(answers, queries, book):
    parent = {}

    def find(x):
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x
    seen = {}
    for r in rows(book):
        k, c = r[3].replace(' ', ''), int(r[1])
        if k in seen:
            parent[find(c)] = find(seen[k])
        else:
            seen[k] = c
    want = {r[0]: (r[1], int(r[2])) for r in rows(queries)}
    per = collections.defaultdict(lambda: [0, 0])
    for line in open(answers, encoding='utf-8'):
        a = json.loads(line)
        kind, c = want[a['q']]
        if c < 0 or kind == 'family':
            continue
        top = a['candidates'][0]['obligor_id'] if a['candidates'] else 'C-9R'
        ok = find(int(re.match(r'C(-?\d+)R', top).group(1))) == find(c)
        for k in (kind, 'ALL', 'LATIN' if 'xscript' not in kind else 'CROSS'):
            per[k][0] += 1
            per[k][1] += ok
    for k, (n, ok) in sorted(per.items()):
        print(f'{k:14s} n={n:5d} recall@1 {ok / n:.3f}')


if sys.argv[1] == '--recall':
    recall(*sys.argv[2:])
else:
    for r in rows(sys.argv[1]):
        c = int(r[2])
        print(json.dumps({'q': r[0], 'name': r[4],
                          'country': country(c if c >= 0 else int(r[0]))},
                         ensure_ascii=False))
