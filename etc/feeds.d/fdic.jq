# One failed bank.  The list has no code: a bank with an acquirer was taken
# over by the receiver and sold, one without was closed and paid out.
.["Acquiring Institution"] as $acquirer
| (if $acquirer == null or ($acquirer | test("^no acquirer$"; "i"))
   then "closed" else "acquired" end) as $native
| {
    record: .Cert,
    native: $native,
    native_text: $acquirer,
    names: [{text: .["Bank Name"], type: "legal"}],
    ids: [{scheme: "fdic-cert", value: .Cert}],
    country: "US",
    jurisdiction: (if .State == null then "US" else "US-" + .State end),
    place: .City,
    natural_person: false,
    occurred_on: .["Closing Date"],
    effective_on: .["Closing Date"],
    case_no: .Fund
  }
