/** A text of somebody else's in a cell: its direction is its own, and a long one is cut. */
export function Cut({ text, isWide }: { text: string; isWide?: boolean }) {
  return (
    <bdi class={`operator-cut ${isWide ? "" : "operator-name"}`} title={text}>
      {text}
    </bdi>
  );
}
