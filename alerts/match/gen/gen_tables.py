#!/usr/bin/python3
"""Write the generated tables of etc/match: translit.tsv and reading.tsv.

  gen_tables.py IPADIC_DIR CONCEPT_TSV OUT_DIR

translit.tsv  code point (hex) TAB latin.  Decompositions and case from the
              Unicode database (unicodedata), alphabets by the conventions
              written below, Han by the Unicode Han readings as ICU's uconv
              gives them (Unicode licence).
reading.tsv   surface TAB kana TAB cost.  Readings of Japanese words written
              with Han, from mecab-ipadic (NAIST and ICOT licence, see
              etc/match/README).
kana.tsv      concept TAB kana: the kana spelling of the Han concept words.
"""
import collections
import os
import subprocess
import sys
import unicodedata

CYRL = dict(zip('абвгдезийклмнопрстуфъыьэіґўјқғңөұүһә',
                'a b v g d e z i y k l m n o p r s t u f  y  e i g u j q g n o u u h a'
                .replace('f  y  e', "f - y - e").split(' ')))
CYRL.update({'ж': 'zh', 'х': 'kh', 'ц': 'ts', 'ч': 'ch', 'ш': 'sh',
             'щ': 'shch', 'ю': 'yu', 'я': 'ya', 'ё': 'e', 'ї': 'yi',
             'є': 'ye', 'љ': 'lj', 'њ': 'nj', 'ћ': 'c', 'ђ': 'dj',
             'џ': 'dz', 'ъ': '', 'ь': '', 'ѣ': 'e', 'ѓ': 'g', 'ќ': 'k',
             'ѕ': 'dz', 'ѐ': 'e', 'ѝ': 'i', 'җ': 'zh', 'ҳ': 'h', 'ӯ': 'u',
             'ҷ': 'j', 'ӣ': 'i'})
GREEK = {'α': 'a', 'β': 'v', 'γ': 'g', 'δ': 'd', 'ε': 'e', 'ζ': 'z',
         'η': 'i', 'θ': 'th', 'ι': 'i', 'κ': 'k', 'λ': 'l', 'μ': 'm',
         'ν': 'n', 'ξ': 'x', 'ο': 'o', 'π': 'p', 'ρ': 'r', 'σ': 's',
         'ς': 's', 'τ': 't', 'υ': 'y', 'φ': 'f', 'χ': 'ch', 'ψ': 'ps',
         'ω': 'o'}
ARAB = {'ا': 'a', 'آ': 'a', 'أ': 'a', 'إ': 'i', 'ٱ': 'a', 'ب': 'b',
        'پ': 'p', 'ت': 't', 'ث': 'th', 'ج': 'j', 'چ': 'ch', 'ح': 'h',
        'خ': 'kh', 'د': 'd', 'ذ': 'dh', 'ر': 'r', 'ز': 'z', 'ژ': 'zh',
        'س': 's', 'ش': 'sh', 'ص': 's', 'ض': 'd', 'ط': 't', 'ظ': 'z',
        'ع': 'a', 'غ': 'gh', 'ف': 'f', 'ق': 'q', 'ک': 'k', 'ك': 'k',
        'گ': 'g', 'ل': 'l', 'م': 'm', 'ن': 'n', 'ه': 'h', 'ھ': 'h',
        'ة': 'a', 'و': 'w', 'ؤ': 'w', 'ي': 'i', 'ی': 'i', 'ى': 'i',
        'ئ': 'i', 'ء': '', 'ٹ': 't', 'ڈ': 'd', 'ڑ': 'r', 'ں': 'n',
        'ے': 'e', 'ۃ': 'a', 'ہ': 'h', 'ۀ': 'e', 'ە': 'e', 'ﻯ': 'i',
        'ڤ': 'v', 'ڭ': 'ng', 'ې': 'e', 'ۍ': 'i', 'ټ': 't', 'ډ': 'd',
        'ړ': 'r', 'ښ': 'sh', 'ګ': 'g', 'ڼ': 'n', 'څ': 'ts', 'ځ': 'dz'}
HEBR = dict(zip('אבגדהוזחטיךכלםמןנסעףפץצקרשת',
                'a b g d h v z kh t i k k l m m n n s a f p ts ts k r sh t'
                .split(' ')))
ARMN = dict(zip('աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև',
                'a b g d e z e y t zh i l kh ts k h dz gh ch m y n sh o ch p '
                'j r s v t r ts v p k o f ev'.split(' ')))
GEOR = dict(zip('აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ',
                'a b g d e v z t i k l m n o p zh r s t u p k gh q sh ch ts '
                'dz ts ch kh j h'.split(' ')))
THAI = dict(zip('กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ',
                'k kh kh kh kh kh ng ch ch ch s ch y d t th th th n d t th '
                'th th n b p ph f ph f ph m y r l w s s s h l o h'
                .split(' ')))
THAI.update({'ะ': 'a', 'ั': 'a', 'า': 'a', 'ำ': 'am', 'ิ': 'i', 'ี': 'i',
             'ึ': 'ue', 'ื': 'ue', 'ุ': 'u', 'ู': 'u', 'เ': 'e', 'แ': 'ae',
             'โ': 'o', 'ใ': 'ai', 'ไ': 'ai', 'ฤ': 'rue', 'ๅ': 'a'})
DEVA = dict(zip('अआइईउऊऋएऐओऔकखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहािीुूृेैोौं',
                'a a i i u u ri e ai o au k kh g gh n ch chh j jh n t th d '
                'dh n t th d dh n p ph b bh m y r l v sh sh s h a i i u u '
                'ri e ai o au n'.split(' ')))
LATIN = {'ß': 'ss', 'ø': 'o', 'æ': 'ae', 'œ': 'oe', 'ł': 'l', 'đ': 'd',
         'ð': 'd', 'þ': 'th', 'ı': 'i', 'ħ': 'h', 'ŋ': 'n', 'ƒ': 'f',
         'ə': 'a', 'ŧ': 't', 'ĸ': 'k', 'ʻ': '', 'ʼ': '', 'ɓ': 'b',
         'ɗ': 'd', 'ƙ': 'k', 'ƴ': 'y', 'ơ': 'o', 'ư': 'u'}


def base(cp):
    c = unicodedata.normalize('NFKD', chr(cp)).casefold()
    c = unicodedata.normalize('NFKD', c)
    out = ''
    for ch in c:
        for t in (CYRL, GREEK, ARAB, HEBR, ARMN, GEOR, THAI, DEVA, LATIN):
            if ch in t:
                out += t[ch].replace('-', '')
                break
        else:
            if 'a' <= ch <= 'z' or '0' <= ch <= '9':
                out += ch
            elif unicodedata.category(ch) == 'Nd':
                out += str(unicodedata.digit(ch))
            elif unicodedata.category(ch)[0] not in 'M':
                return None if not out else out
    return out or None


def whole(cp):
    """The composed letter when a table names it (й, ё, ї), else its parts."""
    c = chr(cp).lower()
    for t in (CYRL, LATIN, ARAB):
        if c in t and len(c) == 1:
            return t[c].replace('-', '')
    return base(cp)


def han():
    cps = list(range(0x3400, 0x4DC0)) + list(range(0x4E00, 0xA000)) + \
        list(range(0xF900, 0xFA6A))
    text = '\n'.join(chr(c) for c in cps)
    out = subprocess.run(['uconv', '-f', 'utf8', '-t', 'utf8', '-x',
                          'NFKC; Han-Latin; Latin-ASCII; Lower'],
                         input=text.encode(), stdout=subprocess.PIPE,
                         check=True).stdout.decode().split('\n')
    for c, r in zip(cps, out):
        r = r.strip()
        if r.isascii() and r.isalpha():
            yield c, r


def translit(path):
    ranges = [(0xA0, 0x590), (0x590, 0x780), (0x900, 0x980), (0xE00, 0xE80),
              (0x10A0, 0x1100), (0x1C80, 0x1C90), (0x1C90, 0x1CC0),
              (0x1E00, 0x2000), (0x2070, 0x209D), (0x2100, 0x2190),
              (0x2460, 0x2500), (0xFB00, 0xFE00), (0xFE70, 0xFF00),
              (0xFF10, 0xFF5B)]
    with open(path, 'w', encoding='utf-8') as f:
        f.write('# generated by alerts/match/gen/gen_tables.py; do not edit\n')
        for lo, hi in ranges:
            for cp in range(lo, hi):
                r = whole(cp)
                if r is not None and unicodedata.category(chr(cp)) != 'Cn':
                    f.write(f'{cp:x}\t{r}\n')
        for cp, r in han():
            f.write(f'{cp:x}\t{r}\n')


def is_han(s):
    return any('㐀' <= c <= '鿿' or c == '々' for c in s) and \
        all('㐀' <= c <= '鿿' or c in '々ヶノケ' or 'ぁ' <= c <= 'ん' for c in s)


def readings(dic):
    keep = {'Noun.csv': 5, 'Noun.place.csv': 4, 'Noun.proper.csv': 4,
            'Noun.name.csv': 4, 'Noun.org.csv': 3, 'Noun.verbal.csv': 4,
            'Noun.adjv.csv': 4, 'Suffix.csv': 3, 'Prefix.csv': 2,
            'Noun.others.csv': 3, 'Noun.adverbal.csv': 3,
            'Noun.number.csv': 2}
    best = {}
    for name, most in keep.items():
        with open(os.path.join(dic, name), encoding='euc-jp',
                  errors='replace') as f:
            for line in f:
                p = line.rstrip('\n').split(',')
                s, cost, kana = p[0], int(p[3]), p[11]
                if not 1 <= len(s) <= most or not is_han(s):
                    continue
                if not all('ァ' <= c <= 'ヶ' or c == 'ー' for c in kana):
                    continue
                if name == 'Noun.name.csv':
                    cost += 300
                if s not in best or cost < best[s][0]:
                    best[s] = (cost, kana)
    return best


def main():
    dic, concepts, out = sys.argv[1:4]
    translit(os.path.join(out, 'translit.tsv'))
    best = readings(dic)
    with open(os.path.join(out, 'reading.tsv'), 'w', encoding='utf-8') as f:
        f.write('# generated by alerts/match/gen/gen_tables.py from '
                'mecab-ipadic; do not edit\n')
        for s in sorted(best):
            f.write(f'{s}\t{best[s][1]}\t{max(0, best[s][0]) // 100}\n')
    seen = collections.OrderedDict()
    for line in open(concepts, encoding='utf-8'):
        if line.startswith('#'):
            continue
        c, kind, forms = line.rstrip('\n').split('\t')
        for x in forms.split('|'):
            if len(x) >= 2 and x in best and len(best[x][1]) >= 3:
                seen.setdefault(best[x][1], c)
    with open(os.path.join(out, 'kana.tsv'), 'w', encoding='utf-8') as f:
        f.write('# generated by alerts/match/gen/gen_tables.py; do not edit\n')
        for k, c in seen.items():
            f.write(f'{c}\t{k}\n')


main()
