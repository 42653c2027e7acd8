/** What a page gets from its address. */
export interface PageProps {
  /** The parts of the path that `:name` stands for. */
  parameters: Readonly<Record<string, string>>;
  query: URLSearchParams;
}
