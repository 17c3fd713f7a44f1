#!/usr/bin/python3
"""Is a made-up book as hard as a real one?

  likeness.py names FOLDTOOL BOOK.tsv LIKE.csv
  likeness.py queries MATCHTOOL DEV_DIR BOOK.tsv LIKE.csv
  likeness.py growth MATCHTOOL NAMEGEN DEV_DIR BOOK.tsv

BOOK.tsv is of homes.py, LIKE.csv of namegen with 0 rows: a made-up name for
every real one, with the same form and country.  `names` counts pairs of 1e9
that share something, per group of country and script.  `queries` asks
both books the queries of plant.py, eight times, each time without an eighth
of the companies that are asked for: how well does the best of the others?
The two should agree: where it does better in the made-up book, that book is
harder than a real one of its size, and the other way round.  `growth` asks
an eighth of the real book, then two, four and all eight, and beside it the
first eighth with as many rows made up after a half of the book: recall@1
should fall alike.
"""
import collections
import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import zlib

import plant

FOLDS = 8
SCRIPTS = ((0x3041, 0x30FE, 'kana'), (0x4E00, 0x9FFF, 'Han'),
           (0xAC00, 0xD7A3, 'Hangul'), (0x400, 0x4FF, 'Cyrillic'),
           (0x600, 0x6FF, 'Arabic'))


def script(name):
    for c in name:
        for low, high, of in SCRIPTS:
            if low <= ord(c) <= high:
                return of
    return 'Latin'


def fold(tool, names):
    """Per name its words: (text, plain) of the first reading."""
    text = ''.join(re.sub(r'[\s]+', ' ', n) + '\n' for n in names)
    out = subprocess.run([tool], input=text, capture_output=True, text=True,
                         check=True).stdout
    got = []
    for line in out.split('\n'):
        if ' =>' not in line or line.startswith('   pinyin'):
            continue
        words = line[line.rindex(' =>') + 3:line.rindex('  {')].split()
        got.append([(w, False) if '/' not in w or w.endswith('/num') else
                    (w.split('/')[1], True) for w in words])
    assert len(got) == len(names), (len(got), len(names))
    return got


def pairs(counter):
    return sum(v * (v - 1) // 2 for v in counter.values())


def rates(folded):
    n = len(folded)
    sets = [tuple(sorted({w for w, _ in t})) for t in folded]
    plain = [{w for w, general in t if not general} for t in folded]
    df = collections.Counter(w for p in plain for w in p)
    unit = 1e9 / (n * (n - 1) / 2)
    rare = [min(p, key=lambda w: (df[w], w)) for p in plain if p]
    less = collections.Counter(
        s[:i] + s[i + 1:] for s in sets if len(s) >= 2 for i in range(len(s)))
    return [pairs(collections.Counter(s for s in sets if s)) * unit,
            pairs(df) * unit, pairs(collections.Counter(rare)) * unit,
            pairs(less) * unit, len(df) / n]


def made_up(like):
    with open(like, encoding='utf-8') as f:
        for r in csv.DictReader(f):
            yield r['name'], r['country']


def names(tool, book, like):
    real, taken, seen = [], set(), set()
    made = [name for name, _ in made_up(like)]
    group = collections.defaultdict(list)
    for i, r in enumerate(plant.homes.rows(book)):
        real.append(r[2])
        k = r[3].replace(' ', '')
        # One name a company; the same folded name is one company.
        if r[1] in taken or k in seen:
            continue
        taken.add(r[1])
        seen.add(k)
        of = r[4] if r[5] == '1' else 'unknown'
        group['all'].append(i)
        group[of + ' ' + script(r[2])].append(i)
    words = fold(tool, real), fold(tool, made)
    print('pairs of 1e9 that share, real / made up; words a name')
    print(f'{"":16s}{"names":>6s}', *('%20s' % h for h in (
        'the whole core', 'a word', 'the rarest word', 'all but one',
        'words')))
    for g, at in sorted(group.items(), key=lambda x: -len(x[1])):
        if len(at) < 600:
            continue
        a, b = (rates([w[i] for i in at]) for w in words)
        print(f'{g:16s}{len(at):6d}', *(
            '%20s' % (('%.2f / %.2f' if x < 10 else '%.0f / %.0f') % (x, y))
            for x, y in zip(a, b)))


def ask(tool, book, asked, where):
    """Per query the number of the best row and its score."""
    index = os.path.join(where, 'idx')
    source = os.path.join(where, 'book.csv')
    with open(source, 'w', encoding='utf-8', newline='') as f:
        w = csv.writer(f, lineterminator='\n')
        w.writerow(('obligor_id', 'type', 'name', 'aliases', 'country',
                    'jurisdiction', 'ids', 'address', 'natural_person'))
        for i, (name, country) in book:
            w.writerow((f'R{i}', 'buyer', name, '', country, '', '', '', 0))
    source_q = os.path.join(where, 'q.jsonl')
    with open(source_q, 'w', encoding='utf-8') as f:
        f.writelines(json.dumps({k: q[k] for k in ('q', 'name', 'country')}) + '\n'
                     for q in asked)
    subprocess.run([tool, 'index', source, '-o', index], check=True,
                   stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    out = subprocess.run([tool, 'query', '--all', index, source_q],
                         capture_output=True, check=True).stdout
    best = {}
    for line in out.decode().splitlines():
        a = json.loads(line)
        best[a['q']] = [(int(c['obligor_id'][1:]), c['score'])
                        for c in a['candidates'][:1]] or [(-1, 0)]
    return {q: b[0] for q, b in best.items()}


def queries(tool, dev, book, like):
    find = plant.group(dev)
    want = list(plant.with_country(dev))
    made = list(made_up(like))
    own, real = [], []
    for r in plant.homes.rows(book):
        own.append(find(int(r[1])) % FOLDS)
        real.append((r[2], r[4]))
    meant = {find(q[2]) for q in want if q[2] >= 0}
    drop = [find(int(r[1])) in meant for r in plant.homes.rows(book)]
    got = {}, {}
    group = collections.defaultdict(list)
    for q, kind, c, name, _ in want:
        if kind != 'family':
            of = kind if c < 0 else 'own taken out'
            group[of].append(q)
            group[of + ' ' + script(name)].append(q)
    for fold in range(FOLDS):
        asked = [{'q': q, 'name': name, 'country': code}
                 for q, _, c, name, code in want
                 if (find(c) if c >= 0 else int(q)) % FOLDS == fold]
        for books, best in zip((real, made), got):
            left = [(i, b) for i, b in enumerate(books)
                    if own[i] != fold or not drop[i]]
            with tempfile.TemporaryDirectory() as where:
                best.update(ask(tool, left, asked, where))
    print('best score, real / made up')
    print(f'{"":24s}{"n":>5s}', *('%15s' % h for h in (
        'mean', '>= 300', '>= 600', '>= 800', '>= 950')))
    for g, of in sorted(group.items()):
        if len(of) < 40:
            continue
        cells = ['%15s' % '%.3f / %.3f' % tuple(
            sum(b[q][1] for q in of) / len(of) / 1000 for b in got)]
        for low in (300, 600, 800, 950):
            cells.append('%15s' % '%.3f / %.3f' % tuple(
                sum(b[q][1] >= low for q in of) / len(of) for b in got))
        print(f'{g:24s}{len(of):5d}', *cells)


def growth(tool, namegen, dev, book):
    find = plant.group(dev)
    want = [q for q in plant.with_country(dev)
            if q[2] >= 0 and q[1] != 'family']
    rows = list(plant.homes.rows(book))
    part = [zlib.crc32(b'%d' % find(int(r[1]))) % FOLDS for r in rows]
    of = [find(int(r[1])) for r in rows]
    right = collections.defaultdict(list)
    for fold in range(FOLDS):
        def upto(n):
            return [(i, (r[2], r[4])) for i, r in enumerate(rows)
                    if (part[i] - fold) % FOLDS < n]
        asked = [{'q': q, 'name': name, 'country': code, 'own': find(c)}
                 for q, _, c, name, code in want
                 if zlib.crc32(b'%d' % find(c)) % FOLDS == fold]
        with tempfile.TemporaryDirectory() as where:
            half, like = (os.path.join(where, n) for n in ('half', 'like'))
            with open(half, 'w', encoding='utf-8') as f:
                f.writelines('\t'.join(rows[i]) + '\n' for i, _ in upto(4))
            made = []
            for seed in '12':
                with open(like, 'wb') as f:
                    subprocess.run([namegen, '0', seed, half,
                                    plant.homes.MIX_PATH], check=True,
                                   stdout=f)
                made += made_up(like)
            random.Random(1).shuffle(made)
            made = list(enumerate(made, len(rows)))
            for n in (1, 2, 4, 8):
                few = upto(1)
                for kind, names_of in (('real', upto(n)), (
                        'made', few + made[:(n - 1) * len(few)])):
                    got = ask(tool, names_of, asked, where)
                    for q in asked:
                        row = got[q['q']][0]
                        right[kind, n].append(
                            0 <= row < len(of) and of[row] == q['own'])
    print('recall@1, real / made up')
    for n in (1, 2, 4, 8):
        print('%d/8  %.4f / %.4f' % (n, *(
            sum(right[k, n]) / len(right[k, n]) for k in ('real', 'made'))))


if __name__ == '__main__':
    {'names': names, 'queries': queries,
     'growth': growth}[sys.argv[1]](*sys.argv[2:])
