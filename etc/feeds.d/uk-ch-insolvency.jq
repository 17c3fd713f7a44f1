# One event of the insolvency stream: a notice per case, for its latest
# decisive date.  The record is company/case/date type, so an event about the
# same state of a case is the same notice.
def decisive: [
  "petitioned-on", "declaration-solvent-on", "instrumented-on",
  "moratorium-started-on", "voluntary-arrangement-started-on",
  "administration-started-on", "ordered-to-wind-up-on", "wound-up-on",
  "moratorium-ended-on", "voluntary-arrangement-ended-on",
  "administration-discharged-on", "administration-ended-on",
  "concluded-winding-up-on", "case-end-on",
  "due-to-be-dissolved-on", "dissolved-on"
];

decisive as $rank
| . as $event
| (if (.resource_id | length) < 8
   then "00000000"[(.resource_id | length):] + .resource_id
   else .resource_id end) as $company
| (.event.type == "deleted") as $gone
| .data.cases[]?
| . as $case
| ([.dates[]? | .type as $t | select($rank | index([$t]) != null)]
   | sort_by([.date, (.type as $t | $rank | index([$t]))]) | last) as $last
| {
    record: "\($company)/\(.number)/\($last.type // "none")",
    native: (if $last == null then .type else "\(.type)/\($last.type)" end),
    ids: [{scheme: "gb-coh", value: $company}],
    country: "GB",
    case_no: .number,
    effective_on: $last.date,
    published_at: $event.event.published_at,
    url: "https://find-and-update.company-information.service.gov.uk/company/\($company)/insolvency"
  }
| if $gone then . + {action: "CANCEL"} else . end
