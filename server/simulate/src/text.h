// English that reads like an answer, made of the user's own last words and a stock of sentences.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ask.h"
#include "hash.h"

namespace tracia::simulate {

std::string write_answer(const Ask& ask, Rng& rng);
std::string write_reasoning(const Ask& ask, Rng& rng);
std::string write_tool_preface(const Ask& ask, Rng& rng);

// The last few words of a text, without its closing punctuation: what the answer is said to be about.
std::string topic_of(std::string_view user_text);
// Runs of capitalised words ("New York", "Paris"), the first word of a sentence left out unless nothing else is there.
std::vector<std::string> proper_nouns(std::string_view text);
// Numbers in the text, in order.
std::vector<double> numbers_in(std::string_view text);
bool contains_word(std::string_view text, std::string_view word);  // ASCII case does not matter

}  // namespace tracia::simulate
