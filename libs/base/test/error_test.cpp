#include "tracia/base/error.h"

#include <gtest/gtest.h>

#include <set>

#include "tracia/base/result.h"

namespace tracia {
namespace {

constexpr int kLastCode = static_cast<int>(ErrorCode::kUnsupportedModel);
constexpr int kLastKind = static_cast<int>(ErrorKind::kAborted);

TEST(ErrorCode, EveryCodeHasItsOwnNameAndComesBackFromIt) {
  std::set<std::string_view> names;
  for (int i = 0; i <= kLastCode; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_TRUE(names.insert(error_code_name(code)).second) << error_code_name(code);
    EXPECT_EQ(error_code_from_name(error_code_name(code)), code);
  }
}

TEST(ErrorCode, NamesAreTheOnesOfTheApi) {
  EXPECT_EQ(error_code_name(ErrorCode::kProviderError), "PROVIDER_ERROR");
  EXPECT_EQ(error_code_name(ErrorCode::kMissingProviderApiKey), "MISSING_PROVIDER_API_KEY");
}

TEST(ErrorCode, AnUnknownNameIsUnknownAndNotAFailure) {
  EXPECT_EQ(error_code_from_name("INVENTED_LATER"), ErrorCode::kUnknown);
  EXPECT_EQ(error_code_from_name(""), ErrorCode::kUnknown);
  EXPECT_EQ(error_code_from_name("provider_error"), ErrorCode::kUnknown);
  EXPECT_EQ(error_code_name(static_cast<ErrorCode>(999)), "UNKNOWN");
}

TEST(ErrorKind, EveryKindHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= kLastKind; ++i) EXPECT_TRUE(names.insert(error_kind_name(static_cast<ErrorKind>(i))).second);
  EXPECT_EQ(error_kind_name(static_cast<ErrorKind>(999)), "other");
}

TEST(Error, PrintsCodeMessageAndStatus) {
  const Error refused{.code = ErrorCode::kProviderError, .message = "slow down", .status = 429};
  EXPECT_EQ(refused.to_string(), "[PROVIDER_ERROR] slow down (status: 429)");
  EXPECT_EQ(Error::invalid("no model").to_string(), "[INVALID_REQUEST] no model");
}

Status pass_on(Status inner, bool& reached) {
  TRACIA_TRY(std::move(inner));
  reached = true;
  return {};
}

TEST(Result, TryReturnsTheErrorAndGoesOnWithoutOne) {
  bool reached = false;
  const Status failed = pass_on(fail(Error::invalid("no")), reached);
  EXPECT_FALSE(reached);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "no");
  EXPECT_TRUE(pass_on({}, reached));
  EXPECT_TRUE(reached);
}

}  // namespace
}  // namespace tracia
