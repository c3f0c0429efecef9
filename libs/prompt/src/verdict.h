// From comparisons to a verdict and a sentence. Private to the library.
#pragma once

#include "tracia/prompt/statistics.h"

namespace tracia::prompt {

// Fills in verdict, winner and text from the rest of the report.
//
// Who wins. With a primary metric: the variant that is shown better than the control in it, the one with the largest
// difference if several are; the control, when every other one is shown worse. Without: the only variant that is shown
// better in something and worse in nothing; the control, when every other is shown worse in something and better in
// nothing.
void judge(const Experiment& experiment, Report& report);

}  // namespace tracia::prompt
