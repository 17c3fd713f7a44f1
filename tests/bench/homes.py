#!/usr/bin/python3
"""Which country a company of the real book is at home in.

  homes.py DEV_DIR > BOOK.tsv

Prints the book (row, cluster, name, folded) with two columns more: the
country, and 1 when it is known or 0 when it was drawn from mix.tsv by the
cluster's number.  Known is what the list of the name says (entities.tsv), its
script, its legal form (after ISO 20275) or a place in it, in that order.  A
form or a place that many countries have says nothing.  Companies of China,
which is no export market of its own, are put in Hong Kong.
"""
import collections
import os
import re
import struct
import sys
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
MIX_PATH = os.path.join(HERE, 'mix.tsv')
MIX = [(r.split()[0], int(r.split()[1]))
       for r in open(MIX_PATH, encoding='utf-8') if r[0] != '#']
ALL = sum(s for _, s in MIX)
SHARE = dict(MIX)

# Countries as the lists call them, beside their codes.
CALLED = '''Iran|Iran (Islamic Republic of)=IR;Colombia=CO;Russia=RU
Russian Federation=RU;Syria|Syrian Arab Republic=SY;Mexico=MX;Lebanon=LB
Pakistan=PK;Ukraine=UA;Kuwait=KW;Korea, North=KP;China=HK;Turkey=TR;Panama=PA
Democratic People's Republic of Korea=KP;United Arab Emirates=AE;Yemen=YE
Belarus=BY;Afghanistan=AF;United Kingdom=GB;Japan=JP;Bulgaria=BG;Iraq=IQ
Algeria=DZ;Egypt=EG;United States=US;Congo, Democratic Republic of the=CD
Tanzania=TZ;Hong Kong=HK;Indonesia=ID;Zimbabwe=ZW;Malta=MT;Peru=PE
Bosnia and Herzegovina=BA;Germany=DE;Venezuela=VE;Somalia=SO;Switzerland=CH
Burma=MM;Sri Lanka=LK;Cyprus=CY;Austria=AT;Libya=LY;Greece=GR;India=IN
Spain=ES;The Gambia=GM;Canada=CA;Cambodia=KH;Guatemala=GT;Honduras=HN
Thailand=TH;Philippines=PH;Tunisia=TN;Virgin Islands, British=VG;Cuba=CU
Netherlands=NL;Angola=AO;Nigeria=NG;Serbia=RS;Singapore=SG;Jersey=GB
Italy=IT;France=FR;Brazil=BR;Malaysia=MY;Taiwan=TW;Korea, South=KR
Kazakhstan=KZ;Kyrgyzstan=KG;Uzbekistan=UZ;Jordan=JO;Israel=IL;Kenya=KE
Ecuador=EC;Costa Rica=CR;Nicaragua=NI;Saudi Arabia=SA;Qatar=QA;Bahrain=BH
Oman=OM;Sudan=SD;South Africa=ZA;Poland=PL;Romania=RO;Hungary=HU
Czech Republic=CZ;Slovakia=SK;Croatia=HR;Slovenia=SI;Estonia=EE;Latvia=LV
Lithuania=LT;Finland=FI;Sweden=SE;Norway=NO;Denmark=DK;Ireland=IE;Belgium=BE
Luxembourg=LU;Portugal=PT;Georgia=GE;Armenia=AM;Azerbaijan=AZ;Moldova=MD
Turkmenistan=TM;Tajikistan=TJ;Mongolia=MN;Vietnam=VN;Laos=LA;Bangladesh=BD
Nepal=NP;Australia=AU;New Zealand=NZ;Argentina=AR;Chile=CL;Uruguay=UY
Paraguay=PY;Bolivia=BO;Liechtenstein=LI;Liberia=LR;Marshall Islands=MH'''
CODE = {n: c for line in re.split('[;\n]', CALLED)
        for names, c in [line.split('=')] for n in names.split('|')}

# How a folded name of one country ends (or begins, ^); the first that fits.
FORMS = '''JP k ?k|kabushiki kaisha|kabushiki gaisha|godo kaisha
KR yuhan hoesa|jusik hoesa|chusik hoesa
DE gmbh( & co( kg| kgaa)?)?|gmbh co kg|co kg|kgaa|e v|ug|ohg
AT ges ?m ?b ?h
CH sagl
IT s ?p ?a|s ?r ?l ?s|s ?a ?p ?a|snc
RO s ?c .* srl
FI oyj?|oy ab
SE ab publ|aktiebolag|handelsbolag
DK a s denmark|aps|i s
NO asa
EE ou|osauhing
LV sia
LT uab
NL b ?v|n ?v|v ?o ?f
BE b ?v ?b ?a|s ?p ?r ?l|c ?v ?b ?a
FR s ?a ?r ?l|s ?a ?s ?u|eurl|societe par actions simplifiee
MX (s ?a( ?p ?i)?|s (de )?r ?l) ?de ?c ?v|de ?c ?v|s de r l
BR ltda me|s a brasil|eireli|do brasil( ltda)?|s/a
CO e ?u|s ?a ?s|s ?c ?s|cia (ltda|s en c)|y cia s en c
PE s ?a ?c|e ?i ?r ?l
AR s ?a ?c ?i ?f ?i
VE c ?a
PL sp z ?o ?o|sp z o o sp k|spolka z .*|sp j|sp k
CZ s ?r ?o|spol s r o
HU kft|zrt|nyrt|bt
SI d ?o ?o
BG e ?o ?o ?d|o ?o ?d|e ?a ?d
GR a ?e ?b ?e|e ?p ?e|a ?b ?e ?e
TR a ?s ti|ltd sti|san(ayi)? (ve )?tic(aret)?( .*)?|anonim sirketi
RU [oozpn]ao|ooo|^(ooo|oao|zao|pao|ojsc|npo|npp|fgup|nii) .*
UA ^(tov|pat|dp|prat) .*|tov
KZ too|^too .*
AU pty( ltd| limited)?
MY sdn ?bhd|berhad|bhd
SG pte( ltd| limited)?
ID ^pt .*|tbk
IN pvt( ltd| limited)?|private limited
AE fz[ec]o?|fz llc|dmcc|l l c dubai
SA .* saudi arabia
LB s ?a ?l
VN joint stock company vietnam|^cong ty .*
US l ?l ?c|incorporated|inc|corp(oration)? of america|l ?p'''.split('\n')
FORMS = [(f.split(' ', 1)[0],
          re.compile('(?:%s)$' % '|'.join(
              p if p.startswith('^') else '(?:.* )(?:%s)' % p
              for p in re.split(r'\|(?![^(]*\))', f.split(' ', 1)[1]))))
         for f in FORMS]

PLACES = '''JP japan|nippon|nihon|tokyo|osaka|yokohama|nagoya|kyoto|kobe
KR korea|seoul|busan|incheon|daegu|hankook|hyundai|samsung
HK china|shenzhen|shanghai|beijing|guangdong|guangzhou|zhejiang|jiangsu|ningbo
HK hangzhou|dongguan|nanjing|wuhan|sichuan|chengdu|tianjin|shandong|qingdao
HK fujian|xiamen|fuzhou|hunan|hubei|suzhou|wuxi|zhuhai|hong kong|hongkong
HK henan|hebei|anhui|dalian|chongqing|xian|foshan|zhongshan|huizhou|wenzhou
HK changzhou|guangxi|sinopec|chinese|shantou|jinan|hefei|yantai|changsha
TW taiwan|taipei|formosa
IR iran|tehran|isfahan|iranian|sanat|shiraz|tabriz|mashhad|khorasan
RU russia|moscow|russian|petersburg|novosibirsk|rossiya|sibir|ural|gazprom
UA ukraine|kiev|kyiv|ukrainian
BY belarus|minsk
IN india|indian|mumbai|delhi|bangalore|chennai|hyderabad|gujarat|pune
PK pakistan|karachi|lahore
BD bangladesh|dhaka
LK lanka
TH thailand|thai|bangkok|siam
VN vietnam|viet nam|hanoi|saigon
ID indonesia|jakarta
MY malaysia|malaysian|penang
PH philippines|manila|philippine
SG singapore
KH cambodia
MM myanmar
AE dubai|emirates|abu dhabi|sharjah
SA saudi|riyadh|jeddah
KW kuwait
QA qatar
IQ iraq|baghdad|iraqi
SY syria|syrian|damascus
LB lebanon|beirut|lebanese
YE yemen
EG egypt|cairo|egyptian
LY libya|libyan
TR turkey|turkiye|istanbul|ankara
IL israel|israeli|tel aviv
US usa|america|american|texas|california|chicago|boston|florida|ohio|york
CA canada|canadian|toronto|quebec|ontario|montreal|vancouver
MX mexico|mexicana|mexicano|monterrey
BR brasil|brazil|paulo
AR argentina
CL chile
CO colombia|bogota|cali|medellin
PE peru|lima
VE venezuela
PA panama
EC ecuador
CU cuba|cuban|cubana
GB uk|london|british|england|scotland|scottish
DE deutschland|germany|german|deutsche|berlin|munchen|hamburg
FR france|francaise|paris|french
IT italia|italy|milano|italiana
ES espana|spain|madrid|barcelona|iberica
NL nederland|netherlands|dutch|amsterdam
BE belgium|belgique
CH schweiz|suisse|swiss|zurich
AT austria|wien
SE sweden|sverige|svenska|swedish
NO norge|norway|norsk|norwegian
DK danmark|denmark|danish
FI finland|suomen
PL polska|poland|warszawa
CZ czech|praha
HU hungary|magyar
RO romania
BG bulgaria
GR hellas|greece|hellenic
AU australia|australian|sydney|melbourne|queensland
NZ zealand
ZA africa|johannesburg
NG nigeria|lagos
KE kenya
GH ghana
KZ kazakhstan|almaty
UZ uzbekistan|tashkent
KP pyongyang
ZW zimbabwe'''.split('\n')
PLACE = {}
for line in PLACES:
    for p in line.split(' ', 1)[1].split('|'):
        PLACE[p] = line.split(' ', 1)[0]


def flat(name):
    s = unicodedata.normalize('NFKD', name).casefold()
    s = ''.join(c for c in s if not unicodedata.combining(c))
    return ' '.join(re.sub(r'[^\w&/]+', ' ', s).split())


def by_script(name):
    for c in name:
        o = ord(c)
        if 0x3041 <= o <= 0x30FE:
            return 'JP'
        if 0xAC00 <= o <= 0xD7A3:
            return 'KR'
        if c in 'ієїґІЄЇҐ':
            return 'UA'
        if c in 'ўЎ':
            return 'BY'
    for c in name:
        o = ord(c)
        if 0x400 <= o <= 0x4FF:
            return 'RU'
        if c in 'گچپژ':
            return 'IR'
        if 0x5D0 <= o <= 0x5EA:
            return 'IL'
        if 0xE00 <= o <= 0xE7F:
            return 'TH'
        if 0x370 <= o <= 0x3FF:
            return 'GR'
    if re.search('株式会社|有限会社|合同会社|銀行', name):
        return 'JP'
    if re.search('公司|集团|集團', name):
        return 'HK'
    return None


def by_name(name):
    """The country that the name itself tells, or None."""
    found = by_script(name)
    if found:
        return found
    s = flat(name)
    for code, form in FORMS[:-1]:
        if form.match(s):
            return code
    word = s.split()
    for a, b in zip(word, word[1:] + ['']):
        found = PLACE.get(a + ' ' + b) or PLACE.get(a)
        if found:
            return found
    return FORMS[-1][0] if FORMS[-1][1].match(s) else None


def drawn(number):
    h = 14695981039346656037
    for b in struct.pack('<q', number):
        h = ((h ^ b) * 1099511628211) & (1 << 64) - 1
    h ^= h >> 29
    r = (h >> 8) % ALL
    for code, share in MIX:
        if r < share:
            return code
        r -= share


def rows(path):
    with open(path, encoding='utf-8') as f:
        for line in f:
            yield line.rstrip('\n').split('\t')


def listed(path):
    """Name -> country, where the lists agree on one."""
    told = collections.defaultdict(collections.Counter)
    of = collections.defaultdict(dict)
    for r in rows(path):
        code = r[3] if r[3] in SHARE else CODE.get(r[3])
        if r[3] == 'CN':
            code = 'HK'
        if r[3] == '':
            # What the other names of the company are written in.
            code = by_script(r[6])
        of[r[6]][r[0], r[1]] = True
        if code in SHARE:
            told[r[0], r[1]][code] += 1
    said = {}
    for name, companies in of.items():
        sum_of = sum((told[c] for c in companies), collections.Counter())
        if sum_of:
            said[name] = sum_of.most_common(1)[0][0]
    return said


def of_companies(dev):
    """Rows of the book, and cluster -> (country, known)."""
    said = listed(os.path.join(dev, 'entities.tsv'))
    book = list(rows(os.path.join(dev, 'book_100k.tsv')))
    names = collections.defaultdict(list)
    for r in book:
        names[r[1]].append(r[2])
    home = {}
    for c, of in names.items():
        told = [said[n] for n in of if n in said] or \
            [t for t in (by_name(n) for n in of) if t in SHARE]
        if told:
            home[c] = (collections.Counter(told).most_common(1)[0][0], 1)
        else:
            home[c] = (drawn(int(c)), 0)
    return book, home, said


if __name__ == '__main__':
    rows_of, at, _ = of_companies(sys.argv[1])
    for row in rows_of:
        print(*row, *at[row[1]], sep='\t')
