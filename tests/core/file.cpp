#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>

#include <support/temporary_folder.hpp>

#include <filesystem>
#include <string>

namespace fs = std::filesystem;

namespace {

void write(const std::string& path, const std::string& text) {
    auto file = xgrad::detail::output_file{"save", path};
    file.write(text.data(), text.size());
    file.commit();
}

}  // namespace

TEST_CASE("file: whole or not at all, and nothing is left beside it") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("weights");
    write(path, "first");
    {
        auto file = xgrad::detail::output_file{"save", path};
        file.write("second", 6);
        CHECK(folder.read("weights") == "first");
    }
    CHECK(folder.read("weights") == "first");
    write(path, "third");
    CHECK(folder.read("weights") == "third");
    CHECK(folder.count() == 1);
    CHECK_THROWS_AS(write(folder.path(), "a folder"), xgrad::io_error);
    CHECK_THROWS_AS(write(folder.path("missing/weights"), "nowhere"), xgrad::io_error);
    CHECK(folder.count() == 1);
}

#if defined(__unix__) || defined(__APPLE__)
#if defined(__unix__) || defined(__APPLE__)
TEST_CASE("file: what a killed program left goes with the next save, what another is writing stays") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("weights");
    folder.write("weights.xgrad-part7", "half of");
    for (const auto* const other : {"weights.xgrad-part", "weights.xgrad-part7a", "weights.part7", "weights2.xgrad-part7"}) folder.write(other, "mine");
    write(path, "first");
    CHECK(folder.count() == 5);
    CHECK_FALSE(fs::exists(folder.path("weights.xgrad-part7")));

    auto slow = xgrad::detail::output_file{"save", path};
    slow.write("second", 6);
    write(path, "meanwhile");
    CHECK(folder.count() == 6);
    slow.commit();
    CHECK(folder.read("weights") == "second");
    CHECK(folder.count() == 5);
}
#endif

TEST_CASE("file: permissions stay, links stay links, a device stays a device") {
    const auto folder = temporary_folder{};
    const auto path = folder.write("weights", "first"), to_it = folder.path("latest"), device = folder.path("device");
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    fs::create_symlink("weights", to_it);
    write(to_it, "second");
    CHECK(fs::is_symlink(to_it));
    CHECK(folder.read("weights") == "second");
    CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    fs::create_symlink("/dev/null", device);
    write(device, "nothing");
    CHECK(fs::is_symlink(device));
    CHECK(fs::is_character_file("/dev/null"));
}
#endif
