import { useRef } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { chosen } from "./drop.ts";
import { type Take, refuse } from "./drop-target.tsx";

/** Does without a mouse what dropping files does. */
export function ChooseFiles({ label, take }: { label: string; take: Take }) {
  const input = useRef<HTMLInputElement>(null);
  const onChange = (event: Event & { currentTarget: HTMLInputElement }) => {
    const { currentTarget } = event;
    if (!currentTarget.files?.length) return;
    chosen(currentTarget.files)
      .then(take)
      .catch(refuse)
      .finally(() => (currentTarget.value = ""));
  };
  return (
    <>
      <Button onClick={() => input.current?.click()}>{label}</Button>
      <input ref={input} type="file" multiple hidden aria-label={label} onChange={onChange} />
    </>
  );
}
