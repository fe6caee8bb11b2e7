// Makes docs/api.md of index.d.ts: `npm run docs:api`. The tests fail when the page is not what this makes.
//
// A generator of sites would bury each comment under tables of types. Here every declaration is shown as it is written,
// without its comments, and the comments follow: its own, then those of its members.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './platforms.js';

const source = ts.createSourceFile(
  'index.d.ts',
  readFileSync(join(root, 'index.d.ts'), 'utf8'),
  ts.ScriptTarget.Latest,
  true,
);

/** The line above each part of the file: its name, and where it stands. */
const BANNER = /^\/\* -+ (.+) \*\/$/gm;

const INTRODUCTION = `# API reference

Made from [\`index.d.ts\`](../index.d.ts) by \`npm run docs:api\`. What is marked as not exported has no name outside: it is a
part of others.
`;

/** @typedef {{ name: string, node: ts.Statement, members: ts.NodeArray<ts.Node>, exported: boolean }} Declaration */

/** @returns {string} the page */
export function makePage() {
  const banners = [...source.text.matchAll(BANNER)].map((match) => ({ title: match[1], at: match.index }));
  const declarations = source.statements.flatMap(declarationOf);
  const sections = banners.map(({ title, at }, index) => {
    const end = banners[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const within = declarations.filter(({ node }) => node.getStart() > at && node.getStart() < end);
    return {
      title: `${title[0].toUpperCase()}${title.slice(1)}`,
      names: [...new Set(within.map(({ name }) => name))],
      within,
    };
  });
  const anchors = anchorsOf(sections);
  const contents = sections.map(({ title, names }) => {
    const links = names.map((name) => `[\`${name}\`](#${anchors.get(name)})`);
    return `- **${title}**: ${links.join(', ')}`;
  });
  const texts = sections.map(({ title, names: listed, within }) => {
    const parts = listed.map((name) => {
      const same = within.filter((declaration) => declaration.name === name);
      return sectionOf(name, same, anchors);
    });
    return [`## ${title}`, ...parts].join('\n\n');
  });
  return `${INTRODUCTION}\n${contents.join('\n')}\n\n${texts.join('\n\n')}\n`;
}

/** @param {ts.Statement} node @returns {Declaration[]} */
function declarationOf(node) {
  const exported = (ts.getCombinedModifierFlags(/** @type {any} */ (node)) & ts.ModifierFlags.Export) !== 0;
  if (ts.isVariableStatement(node)) {
    const [{ name, type }] = node.declarationList.declarations;
    const members = type && ts.isTypeLiteralNode(type) ? type.members : none;
    return [{ name: name.getText(), node, members, exported }];
  }
  if (ts.isInterfaceDeclaration(node)) return [{ name: node.name.text, node, members: node.members, exported }];
  if (ts.isClassDeclaration(node)) return [{ name: String(node.name?.text), node, members: node.members, exported }];
  if (ts.isFunctionDeclaration(node)) return [{ name: String(node.name?.text), node, members: none, exported }];
  if (ts.isTypeAliasDeclaration(node)) return [{ name: node.name.text, node, members: none, exported }];
  return [];
}

const none = ts.factory.createNodeArray(/** @type {ts.Node[]} */ ([]));

/**
 * A name with all that is declared under it: a class and the interface that it merges with, a value and its type.
 * @param {string} name
 * @param {Declaration[]} declarations
 * @param {Map<string, string>} anchors
 */
function sectionOf(name, declarations, anchors) {
  const code = declarations.map(({ node }) => codeOf(node)).join('\n');
  const texts = declarations.map(({ node }) => commentOf(node, anchors)).filter((text) => text !== '');
  const exported = declarations.some((declaration) => declaration.exported);
  const members = declarations.flatMap((declaration) => membersOf(declaration.members, anchors));
  return [
    `### ${name}`,
    ...(exported ? [] : ['*(not exported)*']),
    ...texts,
    `\`\`\`ts\n${code}\n\`\`\``,
    ...(members.length > 0 ? [members.join('\n')] : []),
  ].join('\n\n');
}

/** The text of a declaration, without comments and the words that every declaration has. @param {ts.Node} node */
function codeOf(node) {
  return node
    .getText()
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/^\s*private constructor\(\);$/gm, '')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{2,}/g, '\n')
    .replaceAll(/\{\n\}/g, '{}')
    .replace(/^export /, '');
}

/**
 * One item for each member that has a comment.
 * @param {ts.NodeArray<ts.Node>} members
 * @param {Map<string, string>} anchors
 */
function membersOf(members, anchors) {
  return members.flatMap((member) => {
    const text = commentOf(member, anchors);
    if (text === '') return [];
    const name = ts.isConstructorDeclaration(member) ? 'new' : /** @type {any} */ (member).name.getText();
    const called = ts.isMethodDeclaration(member) || ts.isMethodSignature(member) ? '()' : '';
    return [`- **\`${name}${called}\`**: ${text.replaceAll('\n', '\n  ')}`];
  });
}

/** @param {ts.Node} node @param {Map<string, string>} anchors */
function commentOf(node, anchors) {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  if (comment === undefined) return '';
  const deprecated = ts.getJSDocDeprecatedTag(node);
  const lines = comment
    .getText()
    .replaceAll(/^\/\*\*\s*|\s*\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .filter((line) => !line.startsWith('@'));
  if (deprecated) lines.push(`Deprecated: ${ts.getTextOfJSDocComment(deprecated.comment)}`);
  return lines
    .join('\n')
    .replaceAll(/\{@link (\w+)\}/g, (_, name) => {
      if (!anchors.has(name)) throw new Error(`{@link ${name}} leads nowhere`);
      return `[\`${name}\`](#${anchors.get(name)})`;
    })
    .replaceAll(/\n\n\n+/g, '\n\n')
    .trim();
}

/**
 * Where each name can be linked to: GitHub numbers headings that are the same but for their case.
 * @param {{ title: string, names: string[] }[]} sections
 */
function anchorsOf(sections) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  /** @param {string} heading */
  const next = (heading) => {
    const slug = heading.toLowerCase();
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  };
  /** @type {Map<string, string>} */
  const anchors = new Map();
  for (const { title, names } of sections) {
    next(title);
    for (const name of names) anchors.set(name, next(name));
  }
  return anchors;
}

if (process.argv[1] === import.meta.filename) writeFileSync(join(root, 'docs', 'api.md'), makePage());
