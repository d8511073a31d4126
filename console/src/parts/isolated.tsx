import { withoutControls } from "../directions";

/** A text of somebody else within a line. Its direction of writing changes nothing around it. */
export function Isolated({ text }: { text: string }) {
  return <bdi>{withoutControls(text)}</bdi>;
}
