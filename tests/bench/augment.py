#!/usr/bin/python3
"""More queries to fit on, made of the development data alone.

  augment.py DEV_DIR OUT_DIR      OUT_DIR/ob.csv, q.jsonl, queries.tsv

A twelfth of the companies is left out of the book.  The queries are aliases of
the others that no development query uses, names of theirs spoiled in the ways
names get spoiled, names of those left out, and names with another's word in
them; the last two are nobody's.  The fourth column of queries.tsv is the
company a query was made from: label.py keeps it in that one's fold.
"""
import collections
import csv
import json
import random
import sys

FORMS = set('co ltd inc corp llc gmbh sa ag limited corporation company srl '
            'spa pvt ooo bv plc kg ab as zhu shi hui she'.split())
NEW_FORMS = ['ltd', 'inc', 'llc', 'gmbh', 'co ltd', 'corporation', 'limited',
             'sa']
EXTRA = ['In Liquidation', '(Usa)', 'Shanghai Branch', 'Istanbul',
         'Deutschland', 'Hong Kong', 'Turkey', 'India', '(China)', 'Holdings']
SCRIPTS = {'Kana': 'Kana', 'Hang': 'Hang', 'Jpan': 'Hani', 'Hani': 'Hani',
           'Cyrl': 'Cyrl', 'Latn': 'alias'}
ALIASES = {'Kana': 1300, 'Hang': 1100, 'Hani': 1600, 'Cyrl': 600,
           'alias': 2400}
SPOILED, LEFT_OUT, SWAPPED = 2400, 2400, 950


def rows(path):
    with open(path, encoding='utf-8') as f:
        for line in f:
            yield line.rstrip('\n').split('\t')


def typo(s):
    i = random.randrange(1, len(s)) if len(s) > 1 else 0
    letter = random.choice('abcdefghijklmnopqrstuvwxyz')
    return random.choice([s[:i] + letter + s[i:], s[:i] + s[i + 1:],
                          s[:i] + letter + s[i + 1:],
                          s[:i] + s[i + 1:i + 2] + s[i:i + 1] + s[i + 2:]])


def scanned(s):
    at = [i for i, c in enumerate(s) if c in 'ol']
    for i in random.sample(at, min(2, len(at))):
        s = s[:i] + {'o': '0', 'l': '1'}[s[i]] + s[i + 1:]
    return s


def moved(w, kind):
    i = random.randrange(1, len(w) - 1)
    if kind == 'order':
        return w[:i] + [w[i + 1], w[i]] + w[i + 2:]
    if kind == 'glue':
        return w[:i - 1] + [w[i - 1] + w[i]] + w[i + 1:]
    return w[:i] + w[i + 1:]


def spoil(name):
    """The folded name spoiled in one way; the same name when it cannot be."""
    w = name.split()
    core = [t for t in w if t not in FORMS] or w
    kind = random.choice(['bare', 'form', 'order', 'drop', 'extra', 'glue',
                          'scan', 'typo', 'typos', 'upper'])
    if kind in ('order', 'drop', 'glue'):
        w = moved(w, kind) if len(w) > 2 else w
    elif kind == 'bare':
        w = core
    elif kind == 'form':
        w = core + [random.choice(NEW_FORMS)]
    elif kind == 'extra':
        w.append(random.choice(EXTRA))
    elif kind == 'scan':
        w = scanned(name).split()
    elif kind == 'upper':
        return name.upper()
    else:
        w = typo(typo(name) if kind == 'typos' else name).split()
    return ' '.join(t[:1].upper() + t[1:] for t in w)


class Book:
    def __init__(self, dev):
        self.parent = {}
        self.rows = list(rows(dev + '/book_100k.tsv'))
        seen = {}
        for r in self.rows:
            k, c = r[3].replace(' ', ''), int(r[1])
            if k in seen:
                self.parent[self.find(c)] = self.find(seen[k])
            else:
                seen[k] = c
        self.who = collections.defaultdict(set)
        for r in self.rows:
            self.who[r[2]].add(self.find(int(r[1])))

    def find(self, x):
        while self.parent.setdefault(x, x) != x:
            x = self.parent[x]
        return x


def aliases(dev, book, out):
    """Names of companies of the book that no query and no row has."""
    used = {r[4] for r in rows(dev + '/queries_dev.tsv')}
    names = collections.defaultdict(list)
    for r in rows(dev + '/entities.tsv'):
        names[r[0], r[1]].append(r)
    pool = collections.defaultdict(list)
    for entity in names.values():
        who = set().union(*(book.who.get(r[6], ()) for r in entity))
        if len(who) != 1 or who <= out:
            continue
        for r in entity:
            if r[6] not in used and r[6] not in book.who:
                kind = 'Kana' if r[2] == 'kana' else SCRIPTS.get(r[4])
                pool[kind].append((min(who), r[6]))
    for kind, most in ALIASES.items():
        for who, name in random.sample(pool[kind],
                                       min(most, len(pool[kind]))):
            yield 'made-' + kind, who, who, name


def strangers(book, kept, out):
    """Names of companies left out; names with a word of another name."""
    latin = [r for r in book.rows if book.find(int(r[1])) in out and
             all(ord(c) < 0x250 for c in r[2])]
    for r in random.sample(latin, LEFT_OUT):
        yield 'made-out', -1, book.find(int(r[1])), r[2]
    words = [t for r in random.sample(kept, 20000) for t in r[3].split()
             if len(t) > 4]
    left = SWAPPED
    while left > 0:
        r = random.choice(kept)
        w = r[3].split()
        telling = [i for i, t in enumerate(w) if len(t) > 3 and
                   t not in FORMS]
        if len(w) > 1 and telling:
            w[telling[0]] = random.choice(words)
            left -= 1
            yield ('made-swap', -1, book.find(int(r[1])), ' '.join(w).title())


def main():
    dev, to = sys.argv[1:]
    random.seed(1)
    book = Book(dev)
    out = {c for c in sorted({book.find(int(r[1])) for r in book.rows})
           if random.random() < 1 / 12}
    kept = [r for r in book.rows if book.find(int(r[1])) not in out]
    made = list(aliases(dev, book, out)) + list(strangers(book, kept, out))
    for r in random.sample([r for r in kept if len(r[3]) > 3], SPOILED):
        who = book.find(int(r[1]))
        made.append(('made-spoiled', who, who, spoil(r[3])))
    with open(to + '/ob.csv', 'w', encoding='utf-8') as f:
        w = csv.writer(f, lineterminator='\n')
        w.writerow('obligor_id type name aliases country jurisdiction ids '
                   'address natural_person'.split())
        for r in kept:
            w.writerow([f'C{r[1]}R{r[0]}', 'buyer', r[2], '', '', '', '', '',
                        '0'])
    with open(to + '/q.jsonl', 'w', encoding='utf-8') as f, \
            open(to + '/queries.tsv', 'w', encoding='utf-8') as t:
        for i, (kind, who, maker, name) in enumerate(made):
            f.write(json.dumps({'q': f'm{i}', 'name': name},
                               ensure_ascii=False) + '\n')
            print(f'm{i}', kind, who, maker, name, '', sep='\t', file=t)


main()
