// Experiments as JSON: Experiment and ExperimentResults of api/openapi.yaml.
#pragma once

#include <string>

#include "tracia/json/writer.h"
#include "tracia/prompt/experiment.h"
#include "tracia/service/experiments.h"

namespace tracia::routes {

void write_experiment(json::Writer& w, const prompt::Experiment& experiment);  // appends one object
std::string experiment_json(const prompt::Experiment& experiment);
std::string results_json(const service::ExperimentResults& results);

}  // namespace tracia::routes
