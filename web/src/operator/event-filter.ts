import { EVENT_TYPES } from "./event-types.ts";
import { oneOf } from "./query.ts";

/** The API's parameters, of those in the address. */
export function filterOf(query: URLSearchParams) {
  const [execution, owner, from, to] = ["execution", "owner", "from", "to"].map((name) =>
    query.get(name),
  );
  const type = oneOf(query.get("type"), EVENT_TYPES);
  return {
    ...(execution && { execution: [execution] }),
    ...(owner && { owner }),
    ...(type && { type: [type] }),
    ...(from && { from }),
    ...(to && { to }),
  };
}
