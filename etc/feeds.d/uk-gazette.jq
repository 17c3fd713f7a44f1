# One Atom entry.  Codes 25.. are of natural persons, whose data the licence
# does not cover: they give no notice.  The feed has names only; a company
# number is taken from linked data inside the notice when it is there, never
# from its prose, where the numbers of petitioners and liquidators stand too.
def text: if type == "object" then ."#text" else . end;
def list: if . == null then [] elif type == "array" then . else [.] end;

# The values of one property of the company the notice is about.
def linked($property):
  [.. | objects
   | select(."@property" == $property)
   | select(."@about" == null or ."@about" == "this:company-1")
   | (."@content" // ."#text")
   | select(type == "string" and length > 0)];

(."notice-code" | list | .[0] | text) as $code
| if $code == null then error("no notice-code")
  elif $code | startswith("25") then empty
  else
    . as $entry
    | (.id | text) as $id
    | (.title | text) as $title
    | ([.content | linked("gazorg:companyNumber") | .[]] | unique) as $numbers
    | {
        record: ($id | split("/") | last),
        native: $code,
        native_text: ([.category | list | .[] | ."@term"?
                       | select(. != null)] | join("; ")),
        names: (if $title == null then []
                else [{text: $title, type: "legal"}] end),
        # Two numbers are two companies: whose is not said.
        ids: (if ($numbers | length) == 1
              then [{scheme: "gb-coh", value: $numbers[0]}] else [] end),
        country: "GB",
        jurisdiction: "GB",
        natural_person: false,
        published_at: .published,
        url: $id
      }
  end
