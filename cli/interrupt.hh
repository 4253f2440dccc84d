// Ctrl-C, asked for politely: the first one is noted and the work at hand ends in good order, the
// second one kills.
#pragma once

namespace hanglab::cli {

void catch_interrupts();
bool interrupted();

}  // namespace hanglab::cli
