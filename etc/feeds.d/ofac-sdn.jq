# One designated party with its other names (alt), addresses (add) and the
# overflow of its remarks (more).  Countries are names of the publisher's own;
# one that is not in the table is left out and stays in the address.
def codes: {
  "Afghanistan": "AF", "Albania": "AL", "Algeria": "DZ", "Angola": "AO",
  "Argentina": "AR", "Armenia": "AM", "Aruba": "AW", "Australia": "AU",
  "Austria": "AT", "Azerbaijan": "AZ", "Bahamas, The": "BS", "Bahrain": "BH",
  "Bangladesh": "BD", "Barbados": "BB", "Belarus": "BY", "Belgium": "BE",
  "Belize": "BZ", "Benin": "BJ", "Bolivia": "BO",
  "Bosnia and Herzegovina": "BA", "Brazil": "BR", "Bulgaria": "BG",
  "Burkina Faso": "BF", "Burma": "MM", "Burundi": "BI", "Cambodia": "KH",
  "Canada": "CA", "Cayman Islands": "KY", "Central African Republic": "CF",
  "Chile": "CL", "China": "CN", "Colombia": "CO", "Comoros": "KM",
  "Congo, Democratic Republic of the": "CD", "Congo, Republic of the": "CG",
  "Costa Rica": "CR", "Cote d Ivoire": "CI", "Croatia": "HR", "Cuba": "CU",
  "Cyprus": "CY", "Czech Republic": "CZ", "Denmark": "DK", "Dominica": "DM",
  "Dominican Republic": "DO", "Ecuador": "EC", "Egypt": "EG",
  "El Salvador": "SV", "Equatorial Guinea": "GQ", "Eritrea": "ER",
  "Estonia": "EE", "Ethiopia": "ET", "Finland": "FI", "France": "FR",
  "Georgia": "GE", "Germany": "DE", "Ghana": "GH", "Gibraltar": "GI",
  "Greece": "GR", "Guatemala": "GT", "Guernsey": "GG", "Guyana": "GY",
  "Haiti": "HT", "Honduras": "HN", "Hong Kong": "HK", "Hungary": "HU",
  "India": "IN", "Indonesia": "ID", "Iran": "IR", "Iraq": "IQ",
  "Ireland": "IE", "Israel": "IL", "Italy": "IT", "Jamaica": "JM",
  "Japan": "JP", "Jersey": "JE", "Jordan": "JO", "Kazakhstan": "KZ",
  "Kenya": "KE", "Korea, North": "KP", "Korea, South": "KR", "Kuwait": "KW",
  "Kyrgyzstan": "KG", "Laos": "LA", "Latvia": "LV", "Lebanon": "LB",
  "Liberia": "LR", "Libya": "LY", "Liechtenstein": "LI", "Lithuania": "LT",
  "Luxembourg": "LU", "Macau": "MO", "Malaysia": "MY", "Maldives": "MV",
  "Mali": "ML", "Malta": "MT", "Man, Isle of": "IM",
  "Marshall Islands": "MH", "Mauritania": "MR", "Mauritius": "MU",
  "Mexico": "MX", "Moldova": "MD", "Monaco": "MC", "Mongolia": "MN",
  "Montenegro": "ME", "Morocco": "MA", "Mozambique": "MZ", "Namibia": "NA",
  "Netherlands": "NL", "New Zealand": "NZ", "Nicaragua": "NI", "Niger": "NE",
  "Nigeria": "NG", "North Macedonia, The Republic of": "MK", "Norway": "NO",
  "Oman": "OM", "Pakistan": "PK", "Palestinian": "PS", "Panama": "PA",
  "Paraguay": "PY", "Peru": "PE", "Philippines": "PH", "Poland": "PL",
  "Portugal": "PT", "Qatar": "QA", "Romania": "RO", "Russia": "RU",
  "Rwanda": "RW", "Saint Kitts and Nevis": "KN",
  "Saint Vincent and the Grenadines": "VC", "Samoa": "WS",
  "San Marino": "SM", "Saudi Arabia": "SA", "Senegal": "SN", "Serbia": "RS",
  "Seychelles": "SC", "Sierra Leone": "SL", "Singapore": "SG",
  "Slovakia": "SK", "Slovenia": "SI", "Somalia": "SO", "South Africa": "ZA",
  "South Sudan": "SS", "Spain": "ES", "Sri Lanka": "LK", "Sudan": "SD",
  "Sweden": "SE", "Switzerland": "CH", "Syria": "SY", "Taiwan": "TW",
  "Tajikistan": "TJ", "Tanzania": "TZ", "Thailand": "TH", "The Gambia": "GM",
  "Trinidad and Tobago": "TT", "Tunisia": "TN", "Turkey": "TR",
  "Turkmenistan": "TM", "Uganda": "UG", "Ukraine": "UA",
  "United Arab Emirates": "AE", "United Kingdom": "GB",
  "United States": "US", "Uruguay": "UY", "Uzbekistan": "UZ",
  "Vanuatu": "VU", "Venezuela": "VE", "Vietnam": "VN",
  "Virgin Islands, British": "VG", "West Bank": "PS", "Yemen": "YE",
  "Zambia": "ZM", "Zimbabwe": "ZW"
};

def list: if . == null then [] else . end;

codes as $codes
| (.alt | list) as $alt
| (.add | list) as $add
| (([.remarks] + [.more | list | .[] | .remarks])
   | map(select(. != null)) | join("")) as $remarks
| ([$add[] | .country | select(. != null) | $codes[.]
    | select(. != null)] | unique) as $countries
| ([$remarks | match("SWIFT/BIC ([A-Z0-9]+)"; "g")
    | .captures[0].string] | unique) as $bics
| ([$remarks | match("IMO ([0-9]{7})"; "g")
    | .captures[0].string] | unique) as $imos
| ($add | map([.address, .city, .country] | map(select(. != null))
              | join(", ")) | map(select(length > 0))) as $addresses
| {
    record: .ent_num,
    native: (if ($bics | length) > 0 then "SDN bank"
             elif .type == "vessel" or .type == "aircraft"
             then "SDN craft" else "SDN" end),
    native_text: (([.program | list | .[]] | join("; "))
                  + (if $remarks == "" then "" else ". " + $remarks end)
                  )[0:4000],
    names: (([{text: .name, type: "legal"}]
             + [$alt[] | select(.name != null)
                | {text: .name,
                   type: (if .type == "fka" then "former" else "alias" end)}]
            )[0:64]),
    ids: ([$bics[] | {scheme: "bic", value: .}]
          + [$imos[] | {scheme: "imo", value: .}]),
    country: (if ($countries | length) == 1 then $countries[0]
              else null end),
    countries: (if ($countries | length) > 1 then $countries else [] end),
    place: ([$add[] | .city | select(. != null)] | first),
    address: ($addresses | first),
    natural_person: (.type == "individual"),
    case_no: .ent_num
  }
| if .names[0].text == null then error("no name") else . end
