#!/usr/bin/python3
"""Queries for a book of namegen: each with the country of its company.

  plant.py DEV_DIR > queries.jsonl
  plant.py --recall ANSWERS.jsonl DEV_DIR    recall@1 per set

The country is where homes.py says the company is.  A query that is nobody's
gets the country that its own name tells, or one drawn by its number.
"""
import collections
import json
import os
import re
import sys

import homes


def group(dev):
    """find(cluster): clusters with a folded name in common are one."""
    parent = {}

    def find(x):
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x
    seen = {}
    for r in homes.rows(os.path.join(dev, 'book_100k.tsv')):
        k, c = r[3].replace(' ', ''), int(r[1])
        if k in seen:
            parent[find(c)] = find(seen[k])
        else:
            seen[k] = c
    return find


def queries(dev):
    return homes.rows(os.path.join(dev, 'queries_dev.tsv'))


def recall(answers, dev):
    find = group(dev)
    want = {r[0]: (r[1], int(r[2])) for r in queries(dev)}
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


def with_country(dev):
    """(number, kind, cluster, name, country) per query."""
    _, home, said = homes.of_companies(dev)
    for q, kind, c, _, name, *_ in queries(dev):
        if c in home:
            code = home[c][0]
        else:
            code = said.get(name) or homes.by_name(name)
            if code not in homes.SHARE:
                code = homes.drawn(int(q))
        yield q, kind, int(c), name, code


def print_queries(dev):
    for q, _, _, name, code in with_country(dev):
        print(json.dumps({'q': q, 'name': name, 'country': code},
                         ensure_ascii=False))


if __name__ == '__main__':
    if sys.argv[1] == '--recall':
        recall(*sys.argv[2:])
    else:
        print_queries(sys.argv[1])
