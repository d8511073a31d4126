import { useEffect, useRef, useState } from "preact/hooks";
import { usePath } from "./address";

const LEAVING_MILLISECONDS = 1_000;

let show: (text: string) => void = () => undefined;

/** Says a short text to screen readers and shows it at the foot of the page. */
export function announce(text: string): void {
  show(text);
}

export function Announcer() {
  const [text, setText] = useState("");
  const [location] = usePath();
  useEffect(() => {
    show = setText;
  }, []);
  const said = useRef(0);
  useEffect(() => {
    said.current = Date.now();
  }, [text]);
  // What was said of one page does not hold for the next, unless it was said while leaving for it.
  useEffect(() => {
    if (Date.now() - said.current > LEAVING_MILLISECONDS) setText("");
  }, [location]);
  return <p class="announcer" role="status">{text}</p>;
}
