# One LEIRecord: a notice per legal entity event, and one for a registration
# state that says something no event says.  A notice's record says what it is,
# not where it stands: events come and go in a record.
def list: if . == null then [] elif type == "array" then . else [.] end;
def text: if type == "object" then ."#text" else . end;
def lang: if type == "object" then ."@lang" else null end;
def name($type): {text: text, type: $type, lang: lang} | select(.text != null);
def day: if . == null then null else .[0:10] end;

def other_type:
  if . == "PREVIOUS_LEGAL_NAME" then "former" else "alias" end;

.LEI as $lei
| .Entity as $e
| .Registration as $r
| [($e.LegalName | name("legal")),
   ($e.OtherEntityNames.OtherEntityName | list | .[]
     | name(."@type" | other_type)),
   ($e.TransliteratedOtherEntityNames.TransliteratedOtherEntityName
     | list | .[] | name("translit"))] as $names
| {
    ids: [{scheme: "lei", value: $lei}],
    names: $names[0:64],
    country: $e.LegalAddress.Country,
    jurisdiction: $e.LegalJurisdiction,
    place: ($e.LegalAddress.City | text),
    natural_person: (if $e.EntityCategory == "SOLE_PROPRIETOR"
                     then true else false end),
    address: ([$e.LegalAddress
               | (.FirstAddressLine, (.AdditionalAddressLine | list | .[]),
                  .City, .PostalCode)
               | text | select(. != null)] | join(", "))
  } as $party
| [$e.LegalEntityEvents.LegalEntityEvent | list | .[]] as $events
| ([$events[] | .LegalEntityEventType]) as $types
| ($events[]
    | ."@event_status" as $status
    | $party + {
        record: "\($lei)/\(.LegalEntityEventType)/\(
          .LegalEntityEventEffectiveDate // .LegalEntityEventRecordedDate
          | day // "none")",
        native: .LegalEntityEventType,
        native_text: $status,
        effective_on: (.LegalEntityEventEffectiveDate | day),
        recorded_at: .LegalEntityEventRecordedDate
      }
    | if $status == "WITHDRAWN_CANCELLED" then . + {action: "CANCEL"}
      else . end),
  (if $r.RegistrationStatus == "LAPSED" then
     $party + {record: "\($lei)/registration/LAPSED", native: "LAPSED",
               recorded_at: $r.LastUpdateDate,
               effective_on: ($r.NextRenewalDate | day)}
   elif $r.RegistrationStatus == "RETIRED"
        and (any($types[]; . == "DISSOLUTION") | not) then
     $party + {record: "\($lei)/registration/RETIRED", native: "RETIRED",
               recorded_at: $r.LastUpdateDate,
               effective_on: ($e.EntityExpirationDate | day)}
   else empty end)
