#!/usr/bin/python3
"""Speed and recall@1 of SQLite FTS5 trigram, pg_trgm and the matcher, one run.

  peers.py MATCHTOOL OBLIGORS.csv QUERIES.jsonl QUERIES.tsv [N]

N queries (default 200) of the set, one thread, wall clock, start-up and
building not counted.  The peers get lower-cased names without marks (NFKD).
A row is right when its id is of the cluster asked for (C<cluster>R<row>).
PostgreSQL runs in a scratch folder on a socket of its own, as `postgres` when
we are root; a peer that is not installed is said to be absent.
"""
import csv
import glob
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import unicodedata


def plain(s):
    s = unicodedata.normalize('NFKD', s.lower())
    return ''.join(c for c in s if not unicodedata.combining(c))


def report(name, took, answers, asked, want):
    right = sum(a is not None and a.split('R')[0] == 'C' + want[q['q']]
                for a, q in zip(answers, asked))
    some = sum(want[q['q']] != '-1' for q in asked)
    print(f'{name:24s} {len(asked) / took:10.1f} q/s   recall@1 '
          f'{right / max(1, some):.3f}')


def sqlite(rows, asked):
    db = sqlite3.connect(':memory:')
    db.execute("create virtual table b using fts5(id unindexed, name, "
               "tokenize='trigram', detail='none')")
    db.executemany('insert into b values (?, ?)', rows)
    answers, start = [], time.monotonic()
    for q in asked:
        s = plain(q['name'])
        grams = {s[i:i + 3] for i in range(len(s) - 2)}
        ask = ' OR '.join('"' + g.replace('"', '""') + '"' for g in grams)
        hit = db.execute('select id from b where b match ? order by rank '
                         'limit 1', (ask,)).fetchone() if ask else None
        answers.append(hit and hit[0])
    return time.monotonic() - start, answers


def postgres(rows, asked):
    bins = sorted(glob.glob('/usr/lib/postgresql/*/bin'))
    if not bins:
        return None
    who = ['runuser', '-u', 'postgres', '--'] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory() as d:
        if who:
            subprocess.run(['chown', 'postgres', d], check=True)

        def tool(name, *args, **kw):
            return subprocess.run([*who, f'{bins[-1]}/{name}', *args],
                                  check=True, text=True, capture_output=True,
                                  cwd='/', **kw).stdout
        tool('initdb', '-D', d + '/data', '-E', 'UTF8', '--no-locale', '-N')
        tool('pg_ctl', '-D', d + '/data', '-w', '-l', d + '/log', '-o',
             f"-k {d} -c listen_addresses= -c fsync=off "
             '-c max_parallel_workers_per_gather=0', 'start')
        try:
            sql = ['create extension pg_trgm;',
                   'create table b (id text, name text);',
                   'copy b from stdin;']
            sql += [i + '\t' + n.replace('\\', '\\\\').replace('\t', ' ')
                    for i, n in rows]
            sql += ['\\.', 'create index on b using gin (name gin_trgm_ops);',
                    'analyze b;']
            psql = ['psql', '-X', '-q', '-h', d, '-d', 'postgres', '-A', '-t']
            run = [*who, *psql]
            subprocess.run(run, input='\n'.join(sql) + '\n', text=True,
                           check=True, capture_output=True, cwd='/')
            sql = []
            for q in asked:
                s = plain(q['name']).replace("'", "''")
                sql.append(f"select coalesce((select id from b where name % "
                           f"'{s}' order by similarity(name, '{s}') desc "
                           f"limit 1), '-');")
            start = time.monotonic()
            out = subprocess.run(run, input='\n'.join(sql) + '\n', text=True,
                                 check=True, capture_output=True, cwd='/')
            took = time.monotonic() - start
        finally:
            tool('pg_ctl', '-D', d + '/data', '-m', 'immediate', 'stop')
    return took, [a if a != '-' else None for a in out.stdout.split()]


def ours(tool, book, asked, queries):
    with tempfile.TemporaryDirectory() as d:
        subprocess.run([tool, 'index', book, '-o', d + '/idx'], check=True)

        def run(lines):
            with open(d + '/q', 'w', encoding='utf-8') as f:
                f.writelines(lines)
            start = time.monotonic()
            out = subprocess.run([tool, 'query', '--all', d + '/idx', d + '/q'],
                                 capture_output=True, check=True).stdout
            return time.monotonic() - start, out
        empty, _ = run([])
        took, _ = run(queries)
        rate = len(queries) / (took - empty)
        _, out = run(json.dumps(q) + '\n' for q in asked)
    answers = [json.loads(line)['candidates'] for line in out.splitlines()]
    return len(asked) / rate, [a[0]['obligor_id'] if a else None
                               for a in answers]


def main():
    tool, book, queries, truth = sys.argv[1:5]
    with open(truth, encoding='utf-8') as f:
        want = {r[0]: r[2] for r in (line.split('\t') for line in f)}
    with open(queries, encoding='utf-8') as f:
        lines = f.readlines()
    asked = [json.loads(line) for line in lines]
    asked = asked[:int(sys.argv[5]) if len(sys.argv) > 5 else 200]
    with open(book, encoding='utf-8') as f:
        rows = [(r['obligor_id'], plain(r['name'])) for r in csv.DictReader(f)]
    print(f'{len(rows)} names, {len(asked)} queries, one thread')
    report('matcher', *ours(tool, book, asked, lines), asked, want)
    report('SQLite FTS5 trigram', *sqlite(rows, asked), asked, want)
    got = postgres(rows, asked)
    if got is None:
        print('pg_trgm: not installed')
    else:
        report('pg_trgm GIN, % 0.3', *got, asked, want)


main()
