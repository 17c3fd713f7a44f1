# One message.  typ WARN: a single source says so.  typ AUSKUNFT: the result
# of a credit report about an earlier message (bezug), which it confirms
# (urteil BESTAETIGT) or refutes (WIDERLEGT).  A refutation cancels the notice
# of the earlier message, so it carries that message's number as its record.
def party: {
  ids: ([{scheme: "sinosure", value: .subj_no},
         {scheme: "lei", value: .lei},
         {scheme: "duns", value: .duns}]
        | map(select(.value != null))),
  names: (if .subj_name == null then []
          else [{text: .subj_name, type: "legal"}] end),
  country: .land,
  jurisdiction: .gebiet,
  place: .ort,
  native: .ereignis,
  native_text: .text,
  case_no: .akte,
  occurred_on: .ereignis_am,
  effective_on: .wirksam_am,
  published_at: .ts,
  natural_person: (if .person == "J" then true
                   elif .person == "N" then false else null end),
  amount: .betrag,
  currency: .waehrung
};

if .typ == "WARN" then
  party + {certainty: "reported"}
elif .typ == "AUSKUNFT" and .urteil == "BESTAETIGT" then
  party + {certainty: "official"}
elif .typ == "AUSKUNFT" and .urteil == "WIDERLEGT" then
  if .bezug == null then error("a refutation needs bezug")
  else party + {record: .bezug, action: "CANCEL", certainty: "official"} end
elif .typ == "STORNO" then
  if .bezug == null then error("a withdrawal needs bezug")
  else party + {record: .bezug, action: "CANCEL"} end
else
  error("typ \(.typ) is not known")
end
