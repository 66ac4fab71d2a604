import type { Mail } from './mails.ts'

/** The mails for people to read, newest first: one page, nothing loaded from elsewhere, nothing of a mail taken as markup. */
export function renderPage(mails: Mail[], total: number, older: string | undefined): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Mailbox (${total})</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d2733; background: #fff }
details { border-top: 1px solid #d5dbe3; padding: .6rem 0 }
summary { cursor: pointer; display: flex; gap: 1rem; flex-wrap: wrap }
summary b { flex: 1; min-width: 16rem }
summary span, dl { color: #5a6675 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f4f6f9; padding: 1rem; border-radius: .4rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; overflow-wrap: anywhere }
dd { margin: 0 }
@media (prefers-color-scheme: dark) { body { background: #12171d; color: #dbe2ea } pre { background: #1c232c } details { border-color: #2c3640 } summary span, dl { color: #93a0af } }
</style>
</head>
<body>
<h1>Mailbox</h1>
<p>${total} ${total === 1 ? 'mail' : 'mails'}, newest first. As JSON: <a href="/messages">/messages</a>.</p>
${mails.map(renderMail).join('\n') || '<p>Nothing has arrived yet.</p>'}
${older === undefined ? '' : `<p><a href="/?before=${escapeHtml(older)}">Older</a></p>`}
</body>
</html>
`
}

function renderMail(mail: Mail): string {
  const facts: [string, string][] = [
    ['From', mail.header.from || mail.from],
    ['To', mail.to.join(', ')],
    ['Order', mail.orderId ?? ''],
    ['Message-ID', mail.messageId ?? ''],
  ]
  const list = facts
    .filter(([, value]) => value)
    .map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`)
  return `<details id="${escapeHtml(mail.id)}">
<summary><b>${escapeHtml(mail.subject ?? '(no subject)')}</b> <span>${escapeHtml(mail.to.join(', '))}</span> <time>${escapeHtml(mail.receivedAt)}</time></summary>
<dl>${list.join('')}</dl>
<pre>${escapeHtml(mail.text)}</pre>
</details>`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
