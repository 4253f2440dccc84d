// One attempt of a lookup in words: "UDP answer truncated (497 of 4113 bytes)", "TCP connect timed out after
// 7 SYNs". The vocabulary of results is that of core/lookup.hh.
#pragma once

#include <string>

#include "core/lookup.hh"

namespace hanglab::analysis {

// Whether the TCP handshake was completed, told from the SYNs: Linux repeats an unanswered SYN after 1 s and
// then after at most twice the time before, rounded up by its timer wheel by no more than an eighth. Silence
// for longer means that the SYN was answered.
bool connected(const Attempt& attempt);

// Without the server, the time it took or how often it happened.
std::string words(const Attempt& attempt, Outcome outcome_of_lookup);

}  // namespace hanglab::analysis
