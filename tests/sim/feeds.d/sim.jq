# One line of any feed of the simulated world.
{ kind: .kind, native: .kind, native_text: .text,
  names: [{text: .name, type: "legal"}],
  ids: [{scheme: "sinosure", value: .id}],
  country: "AE", published_at: .ts, natural_person: false,
  certainty: .sure }
+ (if .ref == null then {} else {record: .ref, action: "CANCEL"} end)
