/** One release in CHANGELOG.md, as Keep a Changelog 1.1.0 has it. */
export interface ReleaseSection {
  /** `Unreleased`, or a version. */
  readonly version: string;
  /** Undefined of what is not released. */
  readonly date: string | undefined;
  /** What stands below its heading. */
  readonly text: string;
}

export const unreleased = 'Unreleased';
const heading = /^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$/;

/**
 * The releases in a changelog, newest first, as they stand there.
 *
 * @throws Error for a heading of this level that is none of a release
 */
export function releasesIn(changelog: string): readonly ReleaseSection[] {
  const sections: { version: string; date: string | undefined; lines: string[] }[] = [];
  for (const line of changelog.split('\n')) {
    if (line.startsWith('## ')) {
      const [, version, date] = heading.exec(line) ?? [];
      if (version === undefined) throw new Error(`CHANGELOG.md: "${line}" is not "## [1.2.3] - 2027-01-31".`);
      sections.push({ version, date, lines: [] });
    } else sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ lines, ...section }) => ({ ...section, text: lines.join('\n').trim() }));
}

/** The changelog with what was unreleased as a release of that day, and room for what comes next. */
export function withRelease(changelog: string, version: string, date: string): string {
  const [first] = releasesIn(changelog);
  if (first?.version !== unreleased || first.text === '') {
    throw new Error(`CHANGELOG.md has nothing under "## [${unreleased}]" that could be released.`);
  }
  return changelog.replace(`## [${unreleased}]`, `## [${unreleased}]\n\n## [${version}] - ${date}`);
}
