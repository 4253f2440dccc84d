#!/usr/bin/env node
// dns.resolve4() of Node.js, or resolve6(): c-ares, with the settings that Node gives it. The line it prints is
// described in probe.h.
'use strict';
const dns = require('dns');
const fs = require('fs');

function mark(what) {
  try {
    fs.openSync(what);
  } catch {
    // It is not there; the trace has seen us ask.
  }
}

if (process.argv[2] === '--version') {
  const [major] = process.versions.node.split('.');
  console.log(`node-${major}-cares-${process.versions.ares.split('.').slice(0, 2).join('.')}`);
} else {
  const resolve = process.argv[3] === 'inet6' ? dns.resolve6 : dns.resolve4;
  mark('lookup begins');
  const began = process.hrtime.bigint();  // CLOCK_MONOTONIC
  resolve(process.argv[2], (error, addresses) => {
    const ended = process.hrtime.bigint();
    mark('lookup ended');
    console.log([began, ended, error ? error.code : '-', ...(addresses || [])].join('\t'));
  });
}
