import { expect, test } from 'vitest';
import { html } from './html.ts';

test('whatever is put in is escaped, in text and in attributes', () => {
  const name = `<script>alert("x" & 'y')</script>`;
  const escaped = '&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;';
  expect(html`<p title="${name}">${name}</p>`.text).toBe(`<p title="${escaped}">${escaped}</p>`);
});

test('HTML is put in as it is, lists one after the other, and nothing leaves nothing', () => {
  const items = ['a', '<b>'].map((item) => html`<i>${item}</i>`);
  expect(html`<p>${items}${undefined}${3}</p>`.text).toBe('<p><i>a</i><i>&lt;b&gt;</i>3</p>');
});
