#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/train/early_stopping.hpp>
#include <xgrad/train/run.hpp>

#include <support/small_run.hpp>
#include <support/temporary_folder.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace train = xgrad::train;

namespace {

/// A whole run, or one that ends after some steps and leaves its state.
struct run : small_runs::small_run<3, 8> {
    train::early_stopping stop{{}};

    run() : small_run{20, {.batch_size = 6, .shuffle = true}, 12} {}

    bool load(const std::string& path) { return train::load_run(path, net, opt, plan, batches, stop, best, steps); }
    void save(const std::string& path) const { train::save_run(path, net, opt, plan, batches, stop, best, steps); }

    void go(int until, const std::string& path = "") {
        for (auto epoch = batches.position().epoch; epoch < 3; ++epoch) {
            for (auto [x, y] : batches) {
                step(x, y);
                if (steps == until) {
                    save(path);
                    return;
                }
            }
            stop.step(best);
        }
    }

    std::vector<float> numbers() {
        auto all = std::vector<float>{};
        xg::nn::for_each_tensor([&](auto, const auto& x) { all.insert(all.end(), x.begin(), x.end()); }, net);
        all.insert(all.end(), {static_cast<float>(best), static_cast<float>(steps), static_cast<float>(opt.lr()), static_cast<float>(stop.best())});
        return all;
    }
};

template <class F>
std::string wrong(const F& f) {
    try {
        f();
    } catch (const xg::error& each) {
        return each.what();
    }
    return "";
}

}  // namespace

TEST_CASE("a run that was saved at any step goes on to the bit") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("run.safetensors");
    xg::manual_seed(3);
    auto whole = run{};
    whole.go(-1);
    CHECK(whole.steps == 12);
    for (auto stop = 1; stop <= 12; ++stop) {
        xg::manual_seed(3);
        run{}.go(stop, path);
        xg::manual_seed(99);   // another program, as it were
        auto rest = run{};
        CHECK(rest.load(path));
        CHECK(rest.steps == stop);
        rest.go(-1);
        CHECK(rest.numbers() == whole.numbers());
    }
    CHECK(folder.count() == 1);
}

TEST_CASE("saved before the first step, and loaded where there is no file") {
    const auto folder = temporary_folder{};
    auto one = run{};
    CHECK_FALSE(one.load(folder.path("none")));
    CHECK_THROWS_AS(one.load(folder.write("file", "") + "/none"), xg::io_error);   // nobody can tell whether it is there
    one.save(folder.path("begin"));
    auto other = run{};
    CHECK(other.load(folder.path("begin")));
    CHECK(other.numbers() == one.numbers());
}

TEST_CASE("what does not fit changes nothing") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("run.safetensors");
    xg::manual_seed(1);
    auto saved = run{};
    saved.go(5, path);
    auto other = run{};
    other.go(3, folder.path("other"));
    const auto before = other.numbers();
    CHECK(wrong([&] { train::load_run(path, other.net, other.plan); }).find("has no 1.state") == std::string::npos);
    CHECK_THROWS_AS(train::load_run(path, other.net, other.plan), xg::error);
    CHECK_THROWS_AS(train::load_run(path, other.net, other.opt, other.plan, other.batches, other.best), xg::io_error);
    CHECK(other.numbers() == before);
    auto random = xg::generator{1};
    CHECK_THROWS_AS(train::load_run(path, other.net, other.opt, random), xg::io_error);
    CHECK(other.numbers() == before);
    struct wider {
        xg::nn::linear<> fc1{3, 9};
        xg::nn::linear<> fc2{9, 1};
    } net;
    CHECK_THROWS_AS(train::load_run(path, net), xg::shape_error);
    struct {
        xg::nn::linear<> fc1{3, 8};
    } smaller;
    CHECK_THROWS_AS(train::load_run(path, smaller), xg::io_error);

    folder.write("cut", folder.read("run.safetensors").substr(0, 1000));
    CHECK_THROWS_AS(other.load(folder.path("cut")), xg::io_error);
    xg::io::save(other.net, folder.path("weights"));
    CHECK(wrong([&] { other.load(folder.path("weights")); }) == "[load_run] " + folder.path("weights") + ": is no file of save_run");
    xg::io::save_tensors({{"xgrad_run_format", xg::tensor<std::uint64_t, 0>{2}}}, folder.path("new"));
    CHECK(wrong([&] { other.load(folder.path("new")); }) == "[load_run] " + folder.path("new") + ": has format 2; this version reads 1");
    CHECK(other.numbers() == before);
}

TEST_CASE("generators and numbers are parts") {
    const auto folder = temporary_folder{};
    auto random = xg::generator{7}, other = xg::generator{8};
    random();
    auto big = std::uint64_t{1} << 62;
    auto least = std::numeric_limits<double>::denorm_min();
    train::save_run(folder.path("r"), random, big, least);
    const auto next = random();
    auto b = std::uint64_t{0};
    auto l = 0.0;
    CHECK(train::load_run(folder.path("r"), other, b, l));
    CHECK(other() == next);
    CHECK(b == big);
    CHECK(l == least);
    CHECK_THROWS_AS(other.state({}), xg::value_error);
}

TEST_CASE("early stopping") {
    auto stop = train::early_stopping{{.patience = 2, .min_delta = 0.1}};
    CHECK(std::isinf(stop.best()));
    CHECK_FALSE(stop.step(std::nan("")));
    CHECK(stop.step(1));
    CHECK_FALSE(stop.step(0.95));
    CHECK_FALSE(stop.stopped());
    CHECK_FALSE(stop.step(std::nan("")));
    CHECK(stop.stopped());
    CHECK(stop.step(0.5));
    CHECK_FALSE(stop.stopped());
    CHECK(stop.best() == 0.5);
    CHECK(stop.best_step() == 5);
    auto rising = train::early_stopping{{.mode = train::better::higher, .patience = 0}};
    CHECK_FALSE(rising.stopped());
    CHECK(rising.step(-5));
    CHECK(rising.step(-4));
    CHECK_FALSE(rising.stopped());
    CHECK_FALSE(rising.step(-4));
    CHECK(rising.stopped());
    CHECK_THROWS_AS(train::early_stopping{{.min_delta = -1}}, xg::value_error);
    auto again = train::early_stopping{{.patience = 2}};
    again.load_state(stop.state());
    CHECK(again.best() == 0.5);
    CHECK(again.steps() == 5);
}
