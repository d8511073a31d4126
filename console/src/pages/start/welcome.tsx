import { Link } from "wouter-preact";
import { texts } from "../../texts";

const PATHS = ["/imports", "/campaigns", "/sends"];

/** The first steps in a site that has nothing yet. */
export function Welcome() {
  return (
    <section aria-labelledby="welcome">
      <h2 id="welcome">{texts.start.welcome.title}</h2>
      <ol>
        {texts.start.welcome.steps.map(({ link, text }, index) => (
          <li key={link}><Link href={PATHS[index]!}>{link}</Link>: {text}</li>
        ))}
      </ol>
    </section>
  );
}
