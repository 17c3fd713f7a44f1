# One docket entry.  "Type: bk ... Chapter: 11 ... [Event]": an event that
# changes the case is a notice of its own; any other entry of a chapter 7, 9,
# 11, 12 or 15 case says that the case runs, always under the same record.
# "Type: ap" is a suit inside a case.  Chapter 13 is for natural persons with
# an income: no notice.  An entry without a type is not of a bankruptcy court.
def text: if type == "object" then ."#text" else . end;
def trim: capture("^ *(?<t>.*?) *$"; "m").t;

def decisive: {
  "Voluntary Petition (Chapter 7)": 1, "Voluntary Petition (Chapter 11)": 1,
  "Voluntary Petition (Chapter 9)": 1, "Voluntary Petition (Chapter 12)": 1,
  "Involuntary Petition": 1, "Order for Relief": 1,
  "Order Converting Case": 1, "Order Dismissing Case": 1,
  "Order Confirming Chapter 11 Plan": 1, "Close Bankruptcy Case": 1,
  "Set Last Day to File Proofs of Claim": 1
};

decisive as $decisive
| (.guid | text) as $guid
| ((.title | text) // "") as $title
| .pubDate as $at
| (.link | text) as $link
| ((.description | text) // "") as $said
| ($said
   | [capture("^Type: (?<type>[^ ]+) Office: [^ ]* ?Chapter: ?(?<chapter>[0-9]*)")]
   | first) as $t
| if $t == null or ($t.type == "bk" and $t.chapter == "13") then empty
  else
    ([$said | capture("\\[ *(?<e>[^\\]]*?) *\\]") | .e] | first) as $event
    | ([$title | capture("^(?<no>[^ ]+) *(?<name>.*?) *$")] | first) as $who
    | ([$guid | capture("//ecf[.](?<court>[a-z0-9]+)[.].*[?](?<id>[^ ]*)$")]
       | first) as $where
    | (if $where == null then $guid
       else $where.court + "/" + $where.id end) as $entry
    | (if $where == null then $guid
       else $where.court + "/" + ($where.id | split("-") | first) end) as $case
    | (if $who == null then null
       elif $t.type == "ap" then (($who.name | split(" v. ") | last) // "" | trim)
       else (($who.name | split(", et al") | first) // "" | trim) end) as $name
    | {
        names: (if $name == null or $name == "" then []
                else [{text: $name, type: "legal"}] end),
        country: "US",
        jurisdiction: "US",
        case_no: $who.no,
        url: $link
      }
    | if $t.type == "ap" then
        . + {record: "\($case)/ap", native: "ap"}
      elif $t.type == "bk" and $event != null and $decisive[$event] != null then
        . + {record: "\($entry)/\($event)/\($at)", native: $event,
             published_at: $at}
      else
        . + {record: "\($case)/\($t.type)/\($t.chapter)",
             native: (if $t.chapter == "" then $t.type
                      else "\($t.type)/\($t.chapter)" end)}
      end
  end
