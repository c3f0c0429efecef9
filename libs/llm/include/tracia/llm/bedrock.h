// Model identifiers of Amazon Bedrock.
#pragma once

#include <string_view>

namespace tracia::llm {

// The foundation model behind an identifier, for rules and prices that go by model:
//
//   anthropic.claude-sonnet-4-6                                     itself
//   us.anthropic.claude-sonnet-4-6                                  anthropic.claude-sonnet-4-6   (inference profile)
//   arn:aws:bedrock:us-east-1:0123:inference-profile/us.amazon.x    amazon.x
//   arn:aws:bedrock:us-east-1::foundation-model/amazon.x            amazon.x
//   bedrock/us.amazon.x                                             amazon.x                      (as gateways write
//   it) arn:aws:bedrock:…:application-inference-profile/abc             ""   (also provisioned, custom and imported
//   models,
//                                                                        prompts: the identifier does not say)
//
// Profile prefixes: global, us, us-gov, eu, apac, jp, au, ca, sa, me, af, il, mx, in, uk, kr. Source: Amazon Bedrock
// User Guide, "Supported Regions and models for inference profiles". The identifier that is sent is never changed:
// whether a prefix is needed depends on the account and region. O(length); views into `model_id`.
std::string_view bedrock_model_family(std::string_view model_id);

}  // namespace tracia::llm
