import { useMutation } from "@tanstack/preact-query";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, read } from "../../api/client";
import { formatBytes } from "../../format";
import { saveFile } from "../../api/download";
import { Field } from "../../parts/field";
import { Problem } from "../../parts/problem";
import { texts } from "../../texts";
import { MOST_BYTES } from "./start_import";

/** Chooses the file, or takes the one that is dropped anywhere on the page. */
export function FileChooser({ file, isMissing, onFile }: { file: File | null; isMissing: boolean; onFile: (file: File | null) => void }) {
  const [error, setError] = useState<string>();
  const take = (chosen: File | undefined) => {
    const fault = chosen && faultOf(chosen);
    setError(fault);
    onFile(chosen && !fault ? chosen : null);
  };
  const isOver = useDrop(take);
  const input = useRef<HTMLInputElement>(null);
  // Whoever comes back to the page finds the file that they had chosen.
  useEffect(() => {
    if (file) input.current!.files = listOf(file);
  }, []);
  useEffect(() => {
    if (isMissing) input.current?.focus();
  }, [isMissing]);
  return (
    <div class={isOver ? "drop over" : "drop"}>
      <Field label={texts.importFile.choose} hint={file ? texts.importFile.chosen(file.name, formatBytes(file.size)) : texts.importFile.drop} error={error ?? (isMissing ? texts.importFile.missing : undefined)}>
        {(slots) => (
          <input
            {...slots}
            ref={input}
            type="file"
            accept=".csv,.tsv,.txt,.xlsx,text/csv"
            onChange={(event) => take(event.currentTarget.files?.[0])}
          />
        )}
      </Field>
      <Template />
    </div>
  );
}

function listOf(file: File): FileList {
  const transfer = new DataTransfer();
  transfer.items.add(file);
  return transfer.files;
}

/** A file that misses the box would otherwise replace the page. */
function useDrop(onDrop: (file: File | undefined) => void): boolean {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      event.preventDefault();
      setIsOver(true);
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setIsOver(false);
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setIsOver(false);
      onDrop(event.dataTransfer?.files[0]);
    };
    document.addEventListener("dragover", over);
    document.addEventListener("dragleave", leave);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragover", over);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("drop", drop);
    };
  });
  return isOver;
}

function faultOf(file: File): string | undefined {
  if (file.size === 0) return texts.importFile.empty;
  return file.size > MOST_BYTES ? texts.importFile.tooLarge : undefined;
}

function Template() {
  const download = useMutation({
    mutationFn: async () => saveFile((await read(api.GET("/contact/importTemplate", { parseAs: "blob" }))) as Blob, texts.importFile.templateName),
  });
  return (
    <>
      <button type="button" class="secondary outline" aria-busy={download.isPending} onClick={() => download.mutate()}>{texts.importFile.template}</button>
      <Problem error={download.error} />
    </>
  );
}
