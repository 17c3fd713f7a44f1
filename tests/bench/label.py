#!/usr/bin/python3
"""Label the pairs that `matchtool features` printed.

  label.py FEATURES.tsv QUERIES.tsv BOOK.tsv > TRAIN.tsv

TRAIN: label, fold, query, obligor, hash of its core, features.  A book row
whose folded name equals another's is the same company; the set `family` is
left out.  Queries of augment.py count half, and are of the fold of the company
they were made from.
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
    want = {r[0]: r for r in rows(sys.argv[2])}
    for r in rows(sys.argv[1]):
        q, kind, cluster, maker = want[r[0]][:4]
        if kind == 'family':
            continue
        m = re.match(r'C(-?\d+)R', r[1])
        cluster = find(int(cluster)) if int(cluster) >= 0 else -1
        ok = cluster >= 0 and m and find(int(m.group(1))) == cluster
        made = kind.startswith('made-')
        # One entity's queries stay in one fold.
        who = (str(find(int(maker))) if made else
               str(cluster) if cluster >= 0 else 'n' + q)
        fold = zlib.crc32(who.encode()) % 5
        print(f'{int(bool(ok))}{"*0.5" if made else ""}', fold, *r, sep='\t')


main()
