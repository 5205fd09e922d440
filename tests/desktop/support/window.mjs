// The app's window through WebDriver, by the handles that ui/README.md lists.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { By } from "selenium-webdriver";
import { until } from "./world.mjs";

/** What WebDriver says when the page was drawn anew between a look and what follows it. */
const DRAWN_ANEW = ["StaleElementReferenceError", "NoSuchElementError"];
/** What it says besides when something passes over an element, or it is still moving. */
const OUT_OF_REACH = ["ElementClickInterceptedError", "ElementNotInteractableError"];

/** What a question finds, or `undefined` where one of `errors` asks to look again. */
async function unless(errors, question) {
  try {
    return await question();
  } catch (error) {
    if (errors.includes(error.name)) return undefined;
    throw error;
  }
}

export class Window {
  #session;
  #world;

  constructor(session, world) {
    this.#session = session;
    this.#world = world;
  }

  /** The CSS of a handle: `id`, `id state="value"`, and `outer > inner`. */
  static #selector(handle) {
    const part = (text) => {
      const [, id, states] = /^([\w-]+)(.*)$/s.exec(text);
      return `[data-testid="${id}"]${states.replace(/ ([\w-]+=)("[^"]*")/g, "[data-$1$2]")}`;
    };
    return handle.split(" > ").map(part).join(" ");
  }

  /** All elements of a handle, such as `plan-card state="protected"`, now. */
  async all(handle) {
    // WebKit's driver may find an element, and fail to hand it out as it has gone meanwhile.
    const found = await until(`${handle} is looked for`, () => unless(DRAWN_ANEW, async () => ({
      elements: await this.#session.findElements(By.css(Window.#selector(handle))),
    })));
    return found.elements;
  }

  /** The first element of a handle, once it is there and shown. */
  async see(handle, seconds) {
    return until(`${handle} is seen`, async () => {
      for (const element of await this.all(handle)) {
        if (await element.isDisplayed().catch(() => false)) return element;
      }
      return undefined;
    }, seconds);
  }

  async gone(handle, seconds) {
    await until(`${handle} is gone`, async () => (await this.all(handle)).length === 0, seconds);
  }

  async click(handle, seconds) {
    await until(`${handle} is clicked`, () => unless([...DRAWN_ANEW, ...OUT_OF_REACH], async () => {
      const element = await this.see(handle, seconds);
      if (!(await element.isEnabled())) return false;
      await this.#session.executeScript("arguments[0].scrollIntoView({block: 'center'})", element);
      await element.click();
      return true;
    }), seconds);
  }

  async type(handle, text) {
    await until(`${handle} is typed into`, () => unless([...DRAWN_ANEW, ...OUT_OF_REACH], async () => {
      const element = await this.see(handle);
      await element.clear();
      await element.sendKeys(text);
      return true;
    }));
  }

  async text(handle) {
    return this.#asked(handle, (element) => element.getText());
  }

  async attribute(handle, name) {
    return this.#asked(handle, (element) => element.getAttribute(name));
  }

  /** What a shown element says, asked again should it be drawn anew meanwhile. */
  async #asked(handle, question) {
    const answer = await until(`${handle} is asked`, () => unless(DRAWN_ANEW, async () => ({
      said: await question(await this.see(handle)),
    })));
    return answer.said;
  }

  /** Goes to a place of the window, such as `#/settings`. */
  async go(place) {
    await this.#session.executeScript("location.hash = arguments[0]", place);
  }

  /** Runs a script in the page. */
  async script(text, ...args) {
    return this.#session.executeScript(text, ...args);
  }

  /** What the app says of itself, asked as the window asks. */
  async overview() {
    return this.#session.executeAsyncScript(
      "window.__TAURI_INTERNALS__.invoke('overview').then(arguments[0])",
    );
  }

  /** Closes the window as its frame's button does: by asking it to. */
  async closeByUser() {
    const script = path.join(path.dirname(fileURLToPath(import.meta.url)), "close_window.py");
    this.#world.run("/usr/bin/python3", [script, "Holdfast"]);
  }

  /** Keeps a picture of the page. */
  async picture(file) {
    // What is taken is the last frame that was shown: let two pass.
    await this.#session.executeAsyncScript(
      "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));",
    );
    writeFileSync(file, Buffer.from(await this.#session.takeScreenshot(), "base64"));
  }
}
