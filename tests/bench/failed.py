#!/usr/bin/python3
"""Firms that failed (failed.tsv), planted in a book and asked for.

  failed.py book BOOK.csv > book.csv       BOOK with their rows behind it
  failed.py queries > queries.jsonl
  failed.py score ANSWERS.jsonl            verdicts of the right obligor, and of wrong ones

A row whose name is in several lines is right for each of them.  A line of
another company is wrong only when its own row comes back.
"""
import collections
import csv
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def lines():
    with open(os.path.join(HERE, 'failed.tsv'), encoding='utf-8') as f:
        return [x.rstrip('\n').split('\t') for x in f if x[0] != '#']


def book(path):
    with open(path, encoding='utf-8') as f:
        sys.stdout.write(f.read())
    out = csv.writer(sys.stdout, lineterminator='\n')
    for i, (name, country, *_) in enumerate(lines()):
        out.writerow([f'F{i}', 'buyer', name, '', country, '', '', '', '0'])


def queries():
    for i, (_, _, name, country, _) in enumerate(lines()):
        print(json.dumps({'q': str(i), 'name': name, 'country': country},
                         ensure_ascii=False))


def score(path):
    all_ = lines()
    count = collections.Counter()
    for line in open(path, encoding='utf-8'):
        answer = json.loads(line)
        name, _, asked, _, same = all_[int(answer['q'])]
        right = {f'F{k}' for k, x in enumerate(all_)
                 if x[4] == 'y' and (x[0] == name or x[2] == asked)}
        top = next(iter(answer['candidates']), None)
        if same == 'n':
            hit = top is not None and top['obligor_id'] == 'F' + answer['q']
            kind = 'other company: ' + (top['verdict'] if hit else 'not it')
        elif top is None:
            kind = 'nobody'
        else:
            ok = top['obligor_id'] in right
            kind = ('right: ' if ok else 'wrong: ') + top['verdict']
        count[kind] += 1
        if kind in ('wrong: accept', 'other company: accept'):
            print(kind, '|', name, '|', asked, '|', top['obligor_id'])
    for kind, n in sorted(count.items()):
        print(f'{n:4} {kind}')


if __name__ == '__main__':
    {'book': book, 'queries': queries, 'score': score}[sys.argv[1]](
        *sys.argv[2:])
