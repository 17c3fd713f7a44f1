#!/usr/bin/python3
"""Write etc/match/han.tsv: how Han is spelled in Hong Kong and in Taiwan.

  gen_han.py UNIHAN_DIR OUT_DIR

UNIHAN_DIR has Unihan_Readings.txt.bz2 and the other Unihan files (Debian:
unicode-data).  Lines are KIND TAB SYLLABLE TAB CHARACTERS:

c  Cantonese, kCantonese spelled as the government and firms of Hong Kong
   spell it: no tones, no difference of breath, long and short a alike.
w  Mandarin, kMandarin in Wade-Giles without apostrophes and dots.
t  Characters of traditional Chinese only: they have a simplified form and
   are no Japanese characters of every day or of names.
"""
import bz2
import collections
import os
import re
import sys
import unicodedata

INITIAL = ['gw', 'kw', 'ng', 'b', 'p', 'm', 'f', 'd', 't', 'n', 'l', 'g', 'k',
           'h', 'w', 'z', 'c', 's', 'j']
HK_INITIAL = {'b': 'p', 'd': 't', 'g': 'k', 'gw': 'kw', 'j': 'y', 'z': 'ch',
              'c': 'ch'}
HK_FINAL = {
    'aa': 'a', 'aai': 'ai', 'aau': 'au', 'aam': 'am', 'aan': 'an',
    'aang': 'ang', 'aap': 'ap', 'aat': 'at', 'aak': 'ak', 'ou': 'o',
    'oeng': 'eung', 'oek': 'euk', 'oe': 'eu', 'eoi': 'ui', 'eon': 'un',
    'eot': 'ut', 'yu': 'u', 'yun': 'uen', 'yut': 'uet'}
# What firms write where the rule has another choice.
HK_USUAL = {
    '新': 'sun', '周': 'chow', '鄒': 'chow', '福': 'fook', '華': 'wah',
    '华': 'wah', '裕': 'yue', '合': 'hop', '昌': 'cheong', '亞': 'ah',
    '五': 'ng', '行': 'hong', '長': 'cheung', '长': 'cheung', '重': 'chung',
    '豪': 'ho', '心': 'sum', '森': 'sum', '官': 'kwun', '冠': 'koon',
    '觀': 'kwun', '怡': 'yee', '儀': 'yee', '義': 'yee',
    '宜': 'yee', '鑫': 'kam', '莎': 'sa', '麥': 'mak', '馬': 'ma'}
TW_USUAL = {'長': 'chang', '长': 'chang', '行': 'hang', '重': 'chung',
            '樂': 'lo', '乐': 'lo', '華': 'hwa', '华': 'hwa', '思': 'szu'}
WG_INITIAL = [('zh', 'ch'), ('ch', 'ch'), ('sh', 'sh'), ('b', 'p'),
              ('p', 'p'), ('m', 'm'), ('f', 'f'), ('d', 't'), ('t', 't'),
              ('n', 'n'), ('l', 'l'), ('g', 'k'), ('k', 'k'), ('h', 'h'),
              ('j', 'ch'), ('q', 'ch'), ('x', 'hs'), ('r', 'j'), ('z', 'ts'),
              ('c', 'ts'), ('s', 's')]
WG_WHOLE = {
    'zi': 'tzu', 'ci': 'tzu', 'si': 'szu', 'zhi': 'chih', 'chi': 'chih',
    'shi': 'shih', 'ri': 'jih', 'er': 'erh', 'yi': 'i', 'you': 'yu',
    'yan': 'yen', 'ye': 'yeh', 'yue': 'yueh', 'yong': 'yung', 'ge': 'ko',
    'ke': 'ko', 'he': 'ho', 'e': 'o', 'gui': 'kuei', 'kui': 'kuei',
    'guo': 'kuo', 'kuo': 'kuo', 'huo': 'huo', 'shuo': 'shuo'}


def hong_kong(jyutping, pinyin):
    s = jyutping.rstrip('123456')
    head = next((i for i in INITIAL if s.startswith(i)), '')
    tail = s[len(head):]
    if s in ('m', 'ng'):
        return 'ng'
    if tail == 'i' and head in 'zcs' and re.match('[zcs]i$', pinyin):
        return 'sze' if head == 's' else 'tsz'
    if tail == 'ei':
        tail = 'ee' if head in ('l', 'g', 'k') else 'ei'
    if tail == 'yu':
        return {'j': 'yu', 's': 'shu', 'h': 'hu'}.get(head, 'chu')
    tail = HK_FINAL.get(tail, tail)
    if head == 's' and pinyin.startswith('sh') and tail[0] != 'o' and \
            tail not in ('ang', 'at', 'ai', 'ak'):
        return 'sh' + tail
    if head in 'zc' and re.match('[jqzc][^h]', pinyin) and \
            tail in ('ang', 'e', 'ui', 'o', 'oi', 'uen', 'ing'):
        return 'ts' + tail
    return HK_INITIAL.get(head, head) + tail


def taiwan(pinyin):
    if pinyin in WG_WHOLE:
        return WG_WHOLE[pinyin]
    head, to = next(((a, b) for a, b in WG_INITIAL if pinyin.startswith(a)),
                    ('', ''))
    tail = pinyin[len(head):]
    tail = {'ong': 'ung', 'iong': 'iung', 'ian': 'ien', 'ie': 'ieh',
            'ue': 'ueh', 'uo': 'o'}.get(tail, tail)
    return to + tail


def plain(s):
    s = unicodedata.normalize('NFD', s.replace('ü', 'u'))
    return ''.join(c for c in s if 'a' <= c <= 'z')


def field(unihan, name):
    out = {}
    for f in sorted(os.listdir(unihan)):
        if not re.match(r'Unihan_.*\.txt\.bz2$', f):
            continue
        with bz2.open(os.path.join(unihan, f), 'rt', encoding='utf-8') as g:
            for line in g:
                p = line.rstrip('\n').split('\t')
                if len(p) == 3 and p[1] == name:
                    cp = int(p[0][2:], 16)
                    if cp < 0x10000:
                        out[chr(cp)] = p[2]
    return out


def main():
    unihan, out = sys.argv[1:3]
    mandarin = {c: plain(r.split(' ')[0].lower())
                for c, r in field(unihan, 'kMandarin').items()}
    rows = collections.defaultdict(list)
    for c, r in field(unihan, 'kCantonese').items():
        s = HK_USUAL.get(c) or hong_kong(r.split(' ')[0],
                                         mandarin.get(c, ''))
        rows['c', s].append(c)
    for c, r in mandarin.items():
        rows['w', TW_USUAL.get(c) or taiwan(r)].append(c)
    japanese = set(field(unihan, 'kJoyoKanji')) | \
        {c for c, v in field(unihan, 'kJinmeiyoKanji').items()
         if ':' not in v}
    for c, v in field(unihan, 'kSimplifiedVariant').items():
        if f'U+{ord(c):X}' not in v.split(' ') and c not in japanese:
            rows['t', '-'].append(c)
    with open(os.path.join(out, 'han.tsv'), 'w', encoding='utf-8') as f:
        f.write('# generated by alerts/match/gen/gen_han.py from Unihan; '
                'do not edit\n')
        for (kind, s), chars in sorted(rows.items()):
            f.write(f'{kind}\t{s}\t{"".join(sorted(chars))}\n')


main()
