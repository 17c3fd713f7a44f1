#!/usr/bin/python3
"""A benchmark with country, address and hard ids, from public sanctions lists.

  evidence.py make OFAC_DIR BOOK.tsv QUERIES.tsv DIR [SHARE]
  evidence.py score DIR ANSWERS.jsonl

The book is the listed organisations (primary name, country, address, ids from
the remarks) among the names of BOOK.tsv with drawn countries.  The queries are
the aliases: all with the country, half of them with the address, SHARE (0.5)
of those whose entity has an id with the id; and names of QUERIES.tsv that are
nobody's.  `accept` is what is judged.
"""
import csv
import json
import os
import random
import re
import sys

COUNTRY = {}
for line in '''Cuba CU|United Kingdom GB|Iran IR|Colombia CO|Mexico MX|Russia RU
Syria SY|Panama PA|China CN|United Arab Emirates AE|Lebanon LB|Iraq IQ|Sudan SD
Burma MM|Belarus BY|Ukraine UA|Switzerland CH|Germany DE|Turkey TR|Italy IT
Korea, North KP|Korea, South KR|Japan JP|Hong Kong HK|Singapore SG|Malta MT
Cyprus CY|Ecuador EC|Peru PE|Costa Rica CR|Guatemala GT|Honduras HN|Spain ES
Zimbabwe ZW|Congo, Democratic Republic of the CD|Libya LY|Pakistan PK|Yemen YE
Afghanistan AF|Kuwait KW|Saudi Arabia SA|Venezuela VE|France FR|Belgium BE
Netherlands NL|Austria AT|Malaysia MY|Thailand TH|Taiwan TW|India IN|Egypt EG
Virgin Islands, British VG|Bahamas, The BS|Cayman Islands KY|Canada CA
United States US|Latvia LV|Estonia EE|Luxembourg LU|Liechtenstein LI|Oman OM
Marshall Islands MH|Somalia SO|Kenya KE|Nigeria NG|South Africa ZA|Brazil BR
Argentina AR|Paraguay PY|Uruguay UY|Chile CL|Bolivia BO|Nicaragua NI|Qatar QA
El Salvador SV|Belize BZ|Dominican Republic DO|Philippines PH|Indonesia ID
Bosnia and Herzegovina BA|Serbia RS|Montenegro ME|Albania AL|Kosovo XK|Isle of Man IM
Region: Crimea UA|Georgia GE|Armenia AM|Azerbaijan AZ|Kazakhstan KZ|Tajikistan TJ
Uzbekistan UZ|Kyrgyzstan KG|Bulgaria BG|Romania RO|Poland PL|Finland FI|Ghana GH
Jordan JO|Bahrain BH|Angola AO|Mali ML|Senegal SN|Gambia, The GM|Ireland IE
Vietnam VN|Cambodia KH|Australia AU|Mauritius MU|Seychelles SC|Bermuda BM'''.replace('\n', '|').split('|'):
    name, _, code = line.rpartition(' ')
    COUNTRY[name] = code


def rows(path):
    with open(path, encoding='latin-1', newline='') as f:
        for r in csv.reader(f):
            yield [x.strip() if x.strip() != '-0-' else '' for x in r]


def ids_of(remarks, country):
    out = []
    m = re.search(r'SWIFT/BIC ([A-Z0-9]{8,11})', remarks)
    if m:
        out.append(('bic', m.group(1)))
    m = re.search(r'D-U-N-S Number ([0-9-]{9,11})', remarks)
    if m:
        out.append(('duns', m.group(1).replace('-', '')))
    m = re.search(r'(?:Tax ID No\.|NIT #|Registration ID|RUC #|RTN|C\.R\. No\.) '
                  r'([A-Z0-9.-]{5,})', remarks)
    if m and country:
        v = re.sub('[^A-Z0-9]', '', m.group(1))[:12]
        out.append(('vat', country + v))
    return out


def make(ofac, bookpath, querypath, out, share=0.5):
    random.seed(11)
    place = {}
    for r in rows(os.path.join(ofac, 'add.csv')):
        if len(r) >= 5 and r[0] not in place and r[4]:
            place[r[0]] = (COUNTRY.get(r[4], ''),
                           ' '.join(x for x in (r[2], r[3]) if x))
    ent = {}
    for r in rows(os.path.join(ofac, 'sdn.csv')):
        if len(r) < 12 or r[2] != '':
            continue
        c, a = place.get(r[0], ('', ''))
        ent[r[0]] = (r[1], c, a, ids_of(r[11], c))
    codes = [c for _, c, _, _ in ent.values() if c]
    with open(out + '/obligors.csv', 'w', encoding='utf-8') as f:
        w = csv.writer(f, lineterminator='\n')
        w.writerow('obligor_id type name aliases country jurisdiction ids '
                   'address natural_person'.split())
        for k, (n, c, a, i) in ent.items():
            w.writerow([f'E{k}', 'buyer', n, '', c, '',
                        '|'.join(f'{s}:{v}' for s, v in i), a, '0'])
        known = {n.lower() for n, _, _, _ in ent.values()}
        with open(bookpath, encoding='utf-8') as b:
            for line in b:
                r = line.rstrip('\n').split('\t')
                if r[2].lower() in known:
                    continue
                w.writerow([f'N{r[0]}', 'buyer', r[2], '',
                            random.choice(codes), '', '', '', '0'])
    with open(out + '/queries.jsonl', 'w', encoding='utf-8') as f:
        n = 0
        for r in rows(os.path.join(ofac, 'alt.csv')):
            if len(r) < 4 or r[0] not in ent or not r[3]:
                continue
            _, c, a, i = ent[r[0]]
            if not c:
                continue
            q = {'q': f'{n}', 'name': r[3], 'country': c, 'want': 'E' + r[0]}
            if a and random.random() < .5:
                q['address'] = a
            if i and random.random() < float(share):
                q['ids'] = [{'scheme': s, 'value': v} for s, v in i]
            f.write(json.dumps(q, ensure_ascii=False) + '\n')
            n += 1
        with open(querypath, encoding='utf-8') as b:
            for line in b:
                r = line.rstrip('\n').split('\t')
                if r[2] == '-1':
                    f.write(json.dumps({'q': f'{n}', 'name': r[4],
                                        'country': random.choice(codes),
                                        'want': ''}, ensure_ascii=False) +
                            '\n')
                    n += 1


def score(out, answers):
    want = {}
    for line in open(out + '/queries.jsonl', encoding='utf-8'):
        r = json.loads(line)
        want[r['q']] = (r['want'], 'ids' in r, 'address' in r)
    part = {}
    for line in open(answers, encoding='utf-8'):
        a = json.loads(line)
        w, has_id, has_addr = want[a['q']]
        got = [c['obligor_id'] for c in a['candidates']
               if c['verdict'] == 'accept']
        kinds = ['all'] + ([] if not w else
                           ['with id'] if has_id else
                           ['country and address'] if has_addr else
                           ['country only'])
        for k in kinds:
            p = part.setdefault(k, [0, 0, 0])
            p[0] += w != ''
            p[1] += w in got if w else 0
            p[2] += sum(g != w for g in got)
    for k, (n, tp, fp) in part.items():
        print(f'{k:20s} positives {n:5d} recall {tp / max(1, n):.3f} '
              f'precision {tp / max(1, tp + fp):.3f}')


if sys.argv[1] == 'make':
    make(*sys.argv[2:])
else:
    score(*sys.argv[2:])
