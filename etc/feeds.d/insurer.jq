# One notice of our own: what the claims and collection departments know
# before any register does, and what credit reports found.  A report that
# denies an earlier notice takes that one back.
def party: {
  native: (.about // .type),
  native_text: .text,
  names: (if .name == null then [] else [{text: .name, type: "legal"}] end),
  ids: ([{scheme: "sinosure", value: .buyer_no},
         {scheme: "lei", value: .lei}, {scheme: "bic", value: .bic}]
        | map(select(.value != null))),
  country: .country,
  case_no: .case_no,
  occurred_on: .occurred_on,
  amount: .amount,
  currency: .currency,
  published_at: .reported_at
};

if .type != "资信报告" then
  party
elif .about == null then
  error("a credit report needs about")
elif .result == "证实" then
  party
elif .result == "否定" then
  if .ref == null then error("a denial needs ref")
  else party + {record: .ref, action: "CANCEL"} end
elif .result == null or .result == "待查" then
  party + {certainty: "reported"}
else
  error("result \(.result) is not known")
end
