// Package console has the web console used by Chromium against a real ensemble: each story in
// stories is what an operator does and sees. The browser is driven by Playwright from drive.mjs;
// this side starts and kills servers, writes znodes, and judges.
package console
