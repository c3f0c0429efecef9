#include "tracia/client/version.h"

#include <gtest/gtest.h>

#include <fstream>

namespace tracia {
namespace {

TEST(Version, IsTheOneOfTheBuild) {
  std::ifstream in(TRACIA_SOURCE_DIR "/CMakeLists.txt");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_NE(text.find("VERSION " + std::string(kVersion) + " "), std::string::npos);
}

}  // namespace
}  // namespace tracia
