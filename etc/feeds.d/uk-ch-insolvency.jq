# One event of the insolvency stream: a notice per case, for its latest
# decisive date.  The record is company/case/date type, so an event about the
# same state of a case is the same notice.
def decisive: {
  "petitioned-on": 1, "declaration-solvent-on": 2, "instrumented-on": 3,
  "moratorium-started-on": 4, "voluntary-arrangement-started-on": 5,
  "administration-started-on": 6, "ordered-to-wind-up-on": 7,
  "wound-up-on": 8, "moratorium-ended-on": 9,
  "voluntary-arrangement-ended-on": 10,
  "administration-discharged-on": 11, "administration-ended-on": 12,
  "concluded-winding-up-on": 13, "case-end-on": 14,
  "due-to-be-dissolved-on": 15, "dissolved-on": 16
};

decisive as $rank
| . as $event
| (if (.resource_id | length) < 8
   then "00000000"[(.resource_id | length):] + .resource_id
   else .resource_id end) as $company
| (.event.type == "deleted") as $gone
| .data.cases[]?
| . as $case
| ([.dates[]? | select($rank[.type] != null)]
   | sort_by([.date, $rank[.type]]) | last) as $last
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
