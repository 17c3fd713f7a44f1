#!/usr/bin/python3
"""What the forest of small books is fitted on, made of the development data.

  twins.py books DEV_DIR OUT_DIR       OUT_DIR/real0.. and made0..: ob.csv,
                                       q.jsonl
  twins.py label WEIGHT FEATURES.tsv QUERIES.jsonl > TRAIN.tsv

real: books of 400 names with the queries about them; label.py labels these.
made: pairs of names, the one the query about the other, made of two names of
the book in the ways in which names of one company differ (a letter or two,
legal form, points, case) and in which those of two do (another word, place or
trade, another form of one state).  "want" is the likelihood that they are one:
of two numbers of a series neither, so that they are told from both.
"""
import collections
import csv
import json
import os
import random
import re
import sys
import unicodedata
import zlib

CONCEPTS = os.path.join(os.path.dirname(__file__),
                        '../../etc/match/concept.tsv')
REAL, REAL_ROWS, REAL_QUERIES = 30, 400, 160
MADE, MADE_ROWS = 16000, 160
SERIES = 0.7

# Spellings of one form; what stands in front is marked.
FORMS = [f.split('|') for f in '''AG|Aktiengesellschaft|A.G.
GmbH|G.m.b.H.|Gesellschaft mit beschränkter Haftung
Ltd|Limited|Ltd.
Inc.|Incorporated|Inc
Corp|Corporation|Corp.
S.A.|SA|Sociedad Anonima|Société Anonyme
LLC|L.L.C.|Limited Liability Company
JSC|Joint Stock Company
OJSC|Open Joint Stock Company|OAO
OOO|LLC|Limited Liability Company
SRL|S.R.L.|Societatea cu Răspundere Limitată
plc|PLC|Public Limited Company|p.l.c.
B.V.|BV|Besloten Vennootschap
N.V.|NV
A/S|AS|Aktieselskab
Sp. z o.o.|Spolka z ograniczona odpowiedzialnoscia|Sp z oo
Co., Ltd.|Company Limited|Co Ltd|Co. Ltd
L.P.|LP|Limited Partnership
Pty Ltd|Pty. Limited|Proprietary Limited
Pte. Ltd.|Pte Ltd|Private Limited
AB|Aktiebolag
Company|Co.|Co
KG|Kommanditgesellschaft
S.p.A.|SpA
S.A.R.L.|SARL
Group|Grp'''.split('\n')] + [['']] * 3
IN_FRONT = {'OOO', 'OAO', 'JSC', 'OJSC', 'Joint Stock Company', 'ANO', 'FGUP',
            'Open Joint Stock Company', 'Limited Liability Company', 'SRL',
            'Societatea cu Răspundere Limitată'}
OTHER_FORMS = [f.split('|') for f in '''AG|GmbH
AG|KG
LLC|ANO
S.A.|S.A.R.L.
GmbH|KG
Limited Liability Company|Joint Stock Company
plc|L.P.
B.V.|N.V.
SRL|SA
S.p.A.|S.r.l.
OOO|FGUP
GmbH|Stiftung
LLC|L.P.'''.split('\n')]
FORM_WORDS = set('''co ltd inc corp llc gmbh sa ag limited corporation company
srl spa pvt ooo bv plc kg ab as oao zao ojsc jsc pjsc cjsc pte pty lp sdn bhd
nv se llp sarl aps oy incorporated private joint stock liability public open
closed society sas ltda cv de c v a s l p r o z sp tbk pt kft aktiengesellschaft
the and of for'''.split())
TRADES = '''Bank Trust Insurance Capital Holdings Group Trading Shipping
Logistics Construction Engineering Electronics Energy Oil Gas Steel Chemical
Pharma Foods Textile Motors Mining Telecom Technology Software Securities
Finance Investment Partners Fund Leasing Services Solutions Systems Industries
Enterprises Properties Media Networks Airlines Marine Power Water Research
Institute Equipment Machinery Materials Packaging Paper Cement Agriculture
Health Medical Hotels Retail Stores Design Consulting'''.split()
SAME_WORDS = [w.split('|') for w in '''Labour|Labor
Centre|Center
Organisation|Organization
Defence|Defense
Aluminium|Aluminum
Fibre|Fiber
Harbour|Harbor
International|Int'l
International|Intl
Technology|Tech
Engineering|Eng
Manufacturing|Mfg
Services|Svcs
Development|Dev
Department|Dept
United States|U.S.
Saint|St
Brothers|Bros
National|Natl'''.split('\n')]
ORDINALS = 'First Second Third Fourth Fifth Sixth Seventh'.split()
ORDINALS_SHORT = '1st 2nd 3rd 4th 5th 6th 7th'.split()
NUMBERS = 'One Two Three Four Five Six Seven'.split()
ROMAN = '''I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI'''.split()
LETTERS = 'abcdefghijklmnopqrstuvwxyz'


def rows(path):
    with open(path, encoding='utf-8') as f:
        for line in f:
            yield line.rstrip('\n').split('\t')


def bare(word):
    return ''.join(c for c in unicodedata.normalize('NFKD', word.lower())
                   if c.isalnum() and not unicodedata.combining(c))


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row = row, [i]
        for k, y in enumerate(b, 1):
            row.append(min(last[k] + 1, row[-1] + 1, last[k - 1] + (x != y)))
    return row[-1]


def core(name):
    """The words without legal forms at the ends, not all in capitals."""
    w = [x.strip(',;') for x in re.sub(r'[("\')]', ' ', name).split()]
    w = [x for x in w if bare(x)]
    while w and bare(w[-1]) in FORM_WORDS:
        w.pop()
    while w and bare(w[0]) in FORM_WORDS:
        w.pop(0)
    return [x.title() if (x.isupper() and len(x) > 4) or x.islower() else x
            for x in w]


def typo(s, first=False):
    i = 0 if first else random.randrange(1, len(s))
    letter = random.choice(LETTERS)
    if first:
        return letter.upper() + s[1:]
    return random.choice([
        s[:i] + s[i] + s[i:], s[:i] + letter + s[i:], s[:i] + s[i + 1:],
        s[:i] + letter + s[i + 1:], s[:i] + letter + s[i + 1:],
        s[:i] + s[i + 1:i + 2] + s[i] + s[i + 2:]])


def with_form(w, form):
    s = ' '.join(w)
    if not form:
        return s
    if form in IN_FRONT and random.random() < 0.6:
        return f'{form} "{s}"' if random.random() < 0.3 else f'{form} {s}'
    return s + (', ' if random.random() < 0.2 else ' ') + form


class Maker:
    def __init__(self, dev):
        self.trade, self.place = {}, []
        for r in rows(CONCEPTS):
            w = [x for x in r[-1].split('|') if re.fullmatch('[a-z ]+', x)]
            if len(r) == 3 and r[1] == 'g':
                for x in w[:4]:
                    self.trade.setdefault(x, r[0])
            elif len(r) == 3 and r[1] == 'p' and w and len(w[0]) > 3:
                self.place.append(w[0].title())
        self.places = {bare(x) for x in self.place}
        self.cores = []
        for r in rows(dev + '/book_100k.tsv'):
            w = core(r[2]) if all(ord(c) < 0x250 for c in r[2]) else []
            if 1 <= len(w) <= 6 and sum(map(len, w)) >= 4 and all(
                    re.fullmatch(r"[^\W\d][\w&.\-/']*", x) for x in w):
                self.cores.append(w)
        random.shuffle(self.cores)
        self.words = [w[i] for w in self.cores[:40000]
                      for i in self.telling(w) if w[i].isalpha()]
        self.near = collections.defaultdict(list)
        for x in sorted({bare(x) for x in self.words}):
            self.near[x[:3]].append(x)

    def telling(self, w):
        """Which of the words say who it is."""
        return [i for i, x in enumerate(w) if len(bare(x)) >= 4 and
                not {bare(x)} & (self.trade.keys() | self.places | FORM_WORDS)]

    def put(self, w, x):
        i = random.randrange(1, len(w) + 1)
        return w[:i] + x + w[i:]

    # One company.

    def one_letters(self, w, forms):
        """One or two letters of a word that says who it is."""
        i = max(self.telling(w), key=lambda i: len(w[i]) + random.random() * 4)
        x = typo(w[i], random.random() < 0.15)
        if len(w[i]) > 5 and random.random() < 0.4:
            x = typo(x)
        return w, w[:i] + [x] + w[i + 1:]

    def one_form(self, w, forms):
        return w, w

    def one_writing(self, w, forms):
        how = random.randrange(5)
        return w, ([x.upper() for x in w] if how == 0 else
                   [x.lower() for x in w] if how == 1 else
                   ['The'] + w if how == 2 else
                   [re.sub('[.,]', '', x) for x in w] if how == 3 else
                   ' '.join(w).replace('-', ' ').replace("'", '').split())

    def one_glue(self, w, forms):
        i = random.randrange(len(w) - 1)
        return w, w[:i] + [w[i] + w[i + 1].lower()] + w[i + 2:]

    def one_word(self, w, forms):
        a, b = random.choice(SAME_WORDS + [['&', 'and']] * 5)
        i = random.randrange(1, len(w))
        return w[:i] + [a] + w[i:], w[:i] + [b] + w[i:]

    def one_initials(self, w, forms):
        a = ''.join(random.choices(LETTERS.upper(), k=random.randrange(2, 5)))
        x = random.sample(TRADES, random.randrange(3))
        return [a] + x, ['.'.join(a) + '.'] + x

    def one_order(self, w, forms):
        i = random.randrange(len(w) - 1)
        return w, w[:i] + [w[i + 1], w[i]] + w[i + 2:]

    def one_number(self, w, forms):
        n = random.randrange(7)
        return random.choice([
            ([ORDINALS[n]] + w, [ORDINALS_SHORT[n]] + w),
            (w + [ROMAN[n]], w + [str(n + 1)]),
            (w + [NUMBERS[n]], w + [str(n + 1)]),
            (w + ['Fund'], w + ['Fund', 'I'])])

    # Two of a series.

    def series(self, w, forms):
        n = random.randrange(2, len(ROMAN) - 1)
        m = n + random.choice([-1, 1])
        if random.random() < 0.3:
            n, m = random.sample(range(1, len(ROMAN)), 2)
        w = w + random.choice([['Fund'], ['Trust'], ['Partners'], []])
        year = random.randrange(1999, 2020)
        return random.choice([
            (w + [ROMAN[n]], w + [ROMAN[m]]), (w + [str(n)], w + [str(m)]),
            (w + [f'{year}-{n}'], w + [f'{year}-{m}'])])

    # Two companies.

    def two_places(self, w, forms):
        a, b = random.sample(self.place, 2)
        i = random.randrange(1, len(w) + 1)
        return random.choice([
            (w + [f'({a})'], w + [f'({b})']), (w + [a], w + [b]),
            (w + [f'({a})'], w + [b]), (w + ['of', a], w + ['of', b]),
            ([a] + w, [b] + w), (w[:i] + [a] + w[i:], w[:i] + [b] + w[i:])])

    def two_trades(self, w, forms):
        a, b = random.sample(TRADES, 2)
        known = [i for i, x in enumerate(w) if bare(x) in self.trade]
        if known and random.random() < 0.5:
            i = random.choice(known)
            same = self.trade[bare(w[i])] == self.trade.get(a.lower())
            return None if same else (w, w[:i] + [a] + w[i + 1:])
        if self.trade.get(a.lower()) == self.trade.get(b.lower()):
            return None
        x = random.choice([[], ['International'], ['Global'], ['National']])
        return w + [a] + x, w + [b] + x

    def two_words(self, w, forms):
        i = random.choice(self.telling(w))
        x = random.sample(TRADES, random.randrange(3)) if len(w) == 1 else []
        v = w[:i] + [random.choice(self.words)] + w[i + 1:]
        return w + x, v + x

    def two_alike(self, w, forms):
        """A word that begins like the other."""
        i = max(self.telling(w), key=lambda i: len(w[i]))
        x = bare(w[i])
        y = [y for y in self.near[x[:3]] if 3 <= edits(x, y) <= 5 and
             not y.startswith(x) and not x.startswith(y)]
        return w, w[:i] + [random.choice(y).title()] + w[i + 1:]

    def two_ends(self, w, forms):
        v = random.choice(self.cores)
        head = w[:max(1, len(w) // 2)]
        a, b = w[len(head):], v[-random.randrange(1, min(3, len(v) - 1) + 1):]
        if not self.telling(a) + self.telling(b) or \
                {bare(x) for x in a} & {bare(x) for x in b}:
            return None
        return head + a, head + b

    def two_initials(self, w, forms):
        n = random.choice([1, 2, 2, 3, 3, 4])
        a, b = (''.join(random.choices(LETTERS.upper(), k=n))
                for _ in range(2))
        x = random.sample(TRADES, random.randrange(n < 2, 3))
        same = edits(a, b) < min(n, 2) or n == 2 and a[0] == b[0]
        return None if same else ([a] + x, [b] + x)

    def two_forms(self, w, forms):
        forms[:] = random.choice(OTHER_FORMS)
        return w, w

    def two_numbers(self, w, forms):
        x = random.choice([[], ['Solutions'], ['Fund'], ['Trust']])
        p = random.choice([[], [random.choice(self.place)]])
        return w + x + p, w + x + [ROMAN[random.randrange(1, 8)]] + p

    def two_general(self, w, forms):
        a = random.sample(TRADES, random.randrange(1, 3))
        b = a + random.sample(TRADES, 1)
        if random.random() < 0.4:
            b = [random.choice(self.words)] + b
        return None if a == b else (a, b)

    KINDS = dict(one_letters=17, one_form=10, one_writing=4, one_glue=3,
                 one_word=4.5, one_initials=1.5, one_order=1, one_number=2,
                 series=4, two_places=5, two_trades=6, two_words=4,
                 two_alike=4, two_ends=4, two_initials=3, two_forms=3,
                 two_numbers=3, two_general=2)

    def pairs(self):
        kinds = list(self.KINDS)
        while True:
            kind = random.choices(kinds, self.KINDS.values())[0]
            forms = list(random.choice(FORMS))
            try:
                pair = getattr(self, kind)(random.choice(self.cores), forms)
            except (IndexError, ValueError): # no word of the kind it takes
                pair = None
            if pair is None:
                continue
            if kind == 'two_forms':
                form = forms
            elif kind.startswith('one') and random.random() < 0.25:
                form = ['', forms[0]]
            elif kind == 'one_form' or random.random() < 0.4:
                form = random.choices(forms, k=2)
            else:
                form = [forms[0]] * 2
            a, b = (with_form(w, f) for w, f in zip(pair, form))
            want = (SERIES if kind == 'series' else
                    int(kind.startswith('one')))
            yield (want, a, b) if random.random() < 0.5 else (want, b, a)


def write(to, book, queries):
    os.makedirs(to, exist_ok=True)
    with open(to + '/ob.csv', 'w', encoding='utf-8') as f:
        w = csv.writer(f, lineterminator='\n')
        w.writerow('obligor_id type name aliases country jurisdiction ids '
                   'address natural_person'.split())
        for who, name in book:
            w.writerow([who, 'buyer', name, '', '', '', '', '', '0'])
    with open(to + '/q.jsonl', 'w', encoding='utf-8') as f:
        for q in queries:
            f.write(json.dumps(q, ensure_ascii=False) + '\n')


def books(dev, to):
    random.seed(5)
    book = list(rows(dev + '/book_100k.tsv'))
    names = collections.defaultdict(list)
    for r in book:
        names[r[1]].append(r)
    queries = [q for q in rows(dev + '/queries_dev.tsv') if q[1] != 'family']
    random.shuffle(queries)
    for n in range(REAL):
        part = queries[n * REAL_QUERIES:(n + 1) * REAL_QUERIES]
        kept = {r[0]: r for q in part for r in names.get(q[2], ())}
        while len(kept) < REAL_ROWS:
            r = random.choice(book)
            kept[r[0]] = r
        write(f'{to}/real{n}',
              [(f'C{r[1]}R{r[0]}', r[2]) for r in kept.values()],
              [{'q': q[0], 'name': q[4]} for q in part])
    maker = Maker(dev).pairs()
    for n in range(MADE // MADE_ROWS):
        part = [(f'P{n * MADE_ROWS + i}', *next(maker))
                for i in range(MADE_ROWS)]
        write(f'{to}/made{n}', [(p, a) for p, _, a, _ in part],
              [{'q': p, 'name': b, 'want': want} for p, want, _, b in part])


def label(weight, features, queries):
    want = {}
    for line in open(queries, encoding='utf-8'):
        q = json.loads(line)
        want[q['q']] = {'true': 1, 'false': 0}.get(q['want'], q['want'])
    for r in rows(features):
        if r[0] != r[1]:
            continue
        fold = zlib.crc32(r[0].encode()) % 5
        for ok, share in ((1, want[r[0]]), (0, 1 - want[r[0]])):
            if share > 0:
                print(f'{ok}*{float(weight) * share:.4g}', fold, *r, sep='\t')


if __name__ == '__main__':
    {'books': books, 'label': label}[sys.argv[1]](*sys.argv[2:])
