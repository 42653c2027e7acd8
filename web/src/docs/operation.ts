/** What the page needs of the OpenAPI document. */
export interface Described {
  paths: Record<string, Record<string, DescribedOperation>>;
}

export interface DescribedOperation {
  operationId: string;
  parameters: readonly Parameter[];
  requestBody?: { content: { "application/json": { example: unknown } } };
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
}

/** One operation, with its method and path. */
export interface Operation extends DescribedOperation {
  method: string;
  path: string;
}

/** The operation with this id. */
export function found(document: Described, id: string): Operation | null {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (operation.operationId === id) return { ...operation, method: method.toUpperCase(), path };
    }
  }
  return null;
}

/** What somebody filled in: values by `<in>.<name>`, and the body. */
export type Filled = Readonly<Record<string, string>>;

/** The address of a request: empty parameters of the query are not given. */
export function address(operation: Operation, filled: Filled): string {
  const value = ({ name, in: place }: Parameter) => filled[`${place}.${name}`] ?? "";
  let path = operation.path;
  const query = new URLSearchParams();
  for (const parameter of operation.parameters) {
    const given = value(parameter);
    if (parameter.in === "path") {
      path = path.replace(
        `{${parameter.name}}`,
        given.split("/").map(encodeURIComponent).join("/"),
      );
    } else if (parameter.in === "query" && given) query.append(parameter.name, given);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The headers that were filled in. */
export function headers(operation: Operation, filled: Filled): Record<string, string> {
  const given = operation.parameters
    .filter((parameter) => parameter.in === "header")
    .map(({ name }) => [name, filled[`header.${name}`] ?? ""] as const)
    .filter(([, value]) => value !== "");
  return Object.fromEntries(given);
}
