# One day: 1 EUR in every other currency, digits exactly as published.
def list: if . == null then [] elif type == "array" then . else [.] end;

{
  record: ."@time",
  subject: "rate",
  kind: "INFO",
  native: "EUR reference rates",
  effective_on: ."@time",
  rates: [.Cube | list | .[]
          | if (."@rate" | test("^[0-9]+([.][0-9]+)?$") and test("[1-9]"))
            then . else error("rate \(."@rate") is no rate") end
          | {base: "EUR", quote: ."@currency", value: ."@rate"}]
}
| if (.rates | length) == 0 then error("a day without rates") else . end
