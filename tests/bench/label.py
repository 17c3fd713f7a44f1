#!/usr/bin/python3
"""Label the pairs that `matchtool features` printed.

  label.py FEATURES.tsv QUERIES.tsv BOOK.tsv > TRAIN.tsv

TRAIN: label, fold, query, obligor, features.  A book row whose folded name
equals another's is the same company; the sets `family` is left out.
"""
import re
import sys
import zlib


def rows(path):
    with open(path, encoding='utf-8') as f:
        for line in f:
            yield line.rstrip('\n').split('\t')


def main():
    parent = {}

    def find(x):
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x
    seen = {}
    for r in rows(sys.argv[3]):
        k, c = r[3].replace(' ', ''), int(r[1])
        if k in seen:
            parent[find(c)] = find(seen[k])
        else:
            seen[k] = c
    want = {r[0]: (r[1], int(r[2])) for r in rows(sys.argv[2])}
    for r in rows(sys.argv[1]):
        kind, cluster = want[r[0]]
        if kind == 'family':
            continue
        c = int(re.match(r'C(-?\d+)R', r[1]).group(1))
        ok = cluster >= 0 and find(c) == find(cluster)
        # One entity's queries stay in one fold.
        who = str(cluster) if cluster >= 0 else 'n' + r[0]
        fold = zlib.crc32(who.encode()) % 5
        print(int(ok), fold, r[0], r[1], *r[2:], sep='\t')


main()
