/** Gives a file to the browser, as if the person had followed a link to it. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has begun to read by the next turn of its loop.
  setTimeout(() => URL.revokeObjectURL(link.href));
}

/** A name for a file: what file systems refuse is replaced, and the length is bounded. */
export function fileName(text: string, extension: string): string {
  return `${text.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|-+$/g, "").slice(0, 80) || "file"}.${extension}`;
}
