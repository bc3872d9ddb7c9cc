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

TEST_CASE("file: what a killed process left beside it goes with the next save, what somebody still writes does not") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("weights");
    folder.write("weights.saving", "half of it");   // nobody holds a lock on it
    write(path, "first");
    CHECK(folder.count() == 1);
    {
        auto slow = xgrad::detail::output_file{"save", path};
        slow.write("slow", 4);
        CHECK(folder.count() == 2);
        write(path, "quick");
        CHECK(folder.read("weights") == "quick");
        CHECK(folder.count() == 2);
        slow.commit();
    }
    CHECK(folder.read("weights") == "slow");
    CHECK(folder.count() == 1);

    // What is no file of ours stays: a link is not followed, a folder not removed.
    folder.write("elsewhere", "kept");
    fs::create_symlink("elsewhere", folder.path("weights.saving"));
    write(path, "second");
    CHECK(folder.read("elsewhere") == "kept");
    CHECK(folder.count() == 3);
    fs::remove(folder.path("weights.saving"));
    fs::create_directory(folder.path("weights.saving"));
    write(path, "third");
    CHECK(folder.read("weights") == "third");
    CHECK(fs::is_directory(folder.path("weights.saving")));
}
